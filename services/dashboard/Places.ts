/** Where the dashboard is; a proxy may put a path before both. */
export const page = "/dashboard/"
/** What somebody types. */
export const typed = "/dashboard"
