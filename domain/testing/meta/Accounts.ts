import type { JsonObject } from "../../Json.ts"
import { bsuid, business, type Example, ofAccount, ofNumber, seconds, someone } from "./Example.ts"

const of = (field: string, value: JsonObject, name = ""): Example => ({
  name: name === "" ? field : `${field}: ${name}`,
  payload: ofAccount(field, value),
  kinds: ["other"]
})
const template = {
  message_template_id: 1_689_556_908_129_832,
  message_template_name: "order_confirmation",
  message_template_language: "en-US"
}

/** Of everything but messages: accounts, numbers, templates, flows, payments, preferences. */
export const accounts: ReadonlyArray<Example> = [
  of("account_alerts", {
    entity_type: "BUSINESS",
    entity_id: "2729063490586005",
    alert_info: {
      alert_severity: "CRITICAL",
      alert_status: "ACTIVE",
      alert_type: "OBA_APPROVED",
      alert_description: "approved"
    }
  }),
  of("account_review_update", { decision: "APPROVED" }),
  of("account_settings_update", {
    messaging_product: "whatsapp",
    timestamp: seconds,
    type: "phone_number_settings",
    phone_number_settings: {
      phone_number_id: "106540352242922",
      calling: { status: "ENABLED", call_hours: { timezone_id: "UTC" } }
    }
  }),
  of(
    "account_update",
    { event: "PARTNER_ADDED", waba_info: { waba_id: "1", owner_business_id: "2", partner_app_id: "3" } },
    "partner"
  ),
  of(
    "account_update",
    {
      event: "ACCOUNT_RESTRICTION",
      restriction_info: [{ restriction_type: "RESTRICTED_ADD_PHONE_NUMBER_ACTION", expiration: 1_739_321_024 }]
    },
    "restricted"
  ),
  of(
    "account_update",
    {
      event: "ACCOUNT_VIOLATION",
      violation_info: { violation_type: "ADULT" },
      ban_info: { waba_ban_state: "DISABLE", waba_ban_date: "2026-01-01" }
    },
    "violation"
  ),
  of("account_update", { country: "DE", event: "BUSINESS_PRIMARY_LOCATION_COUNTRY_UPDATE" }, "country"),
  of(
    "account_update",
    {
      event: "AUTH_INTL_PRICE_ELIGIBILITY_UPDATE",
      auth_international_rate_eligibility: {
        start_time: 1,
        exception_countries: [{ country_code: "IN", start_time: 2 }]
      }
    },
    "rates"
  ),
  of(
    "account_update",
    {
      event: "VOLUME_BASED_PRICING_TIER_UPDATE",
      volume_tier_info: {
        tier_update_time: 1,
        pricing_category: "UTILITY",
        tier: "0:100",
        effective_month: "2026-11",
        region: "Rest"
      }
    },
    "tier"
  ),
  of("automatic_events", {
    messaging_product: "whatsapp",
    automatic_events: [
      {
        id: "wamid.1",
        event_name: "Purchase",
        timestamp: 1_749_416_383,
        ctwa_clid: "Aff",
        custom_data: { currency: "USD", value: 25000.5 }
      }
    ]
  }),
  of("business_capability_update", {
    max_daily_conversation_per_phone: -1,
    max_daily_conversations_per_business: 2000,
    max_phone_numbers_per_business: 25,
    max_phone_numbers_per_waba: 25
  }),
  of("business_status_update", { business_id: 1_234_567_890, event: "COMPROMISED_NOTIFICATION" }),
  of("business_username_update", { display_phone_number: business, username: "shrub", status: "approved" }),
  of(
    "flows",
    {
      event: "ENDPOINT_ERROR_RATE",
      message: "too many",
      flow_id: "1",
      threshold: 50,
      error_rate: 14.28,
      error_count: 2,
      alert_state: "ACTIVATED",
      errors: [{ error_type: "timeout", error_rate: 66.66, error_count: 2 }]
    },
    "endpoint"
  ),
  of(
    "flows",
    { event: "FLOW_STATUS_CHANGE", message: "published", flow_id: "1", old_status: "DRAFT", new_status: "PUBLISHED" },
    "status"
  ),
  of("message_template_components_update", {
    ...template,
    message_template_title: "Confirmed",
    message_template_element: "Thank you, {{1}}",
    message_template_footer: "Shrub",
    message_template_buttons: [
      {
        message_template_button_type: "URL",
        message_template_button_text: "See",
        message_template_button_url: "https://a.example/{{1}}"
      }
    ]
  }),
  of("message_template_quality_update", { ...template, previous_quality_score: "GREEN", new_quality_score: "YELLOW" }),
  of(
    "message_template_status_update",
    { ...template, event: "APPROVED", reason: "NONE", message_template_category: "UTILITY" },
    "approved"
  ),
  of(
    "message_template_status_update",
    {
      ...template,
      event: "REJECTED",
      reason: null,
      rejection_info: { reason: "INVALID_FORMAT", recommendation: "mend it" },
      other_info: { title: "paused", description: "for 3 hours" },
      disable_info: { disable_date: 1_739_321_024 }
    },
    "rejected"
  ),
  of("template_category_update", {
    ...template,
    previous_category: "MARKETING",
    new_category: "UTILITY",
    correct_category: "UTILITY",
    category_update_timestamp: 1_739_321_024
  }),
  of("template_correct_category_detection", { ...template, category: "UTILITY", correct_category: "MARKETING" }),
  of("partner_solutions", { event: "SOLUTION_CREATED", solution_id: "774485461512159", solution_status: "INITIATED" }),
  of("payment_configuration_update", {
    configuration_name: "upi",
    provider_name: "razorpay",
    provider_mid: "acc_1",
    status: "Needs_Testing",
    created_timestamp: 1,
    updated_timestamp: 2
  }),
  of("phone_number_name_update", {
    display_phone_number: business,
    decision: "APPROVED",
    requested_verified_name: "Shrub",
    rejection_reason: null
  }),
  of("phone_number_quality_update", {
    display_phone_number: business,
    event: "THROUGHPUT_UPGRADE",
    old_limit: "TIER_1K",
    current_limit: "TIER_UNLIMITED",
    max_daily_conversations_per_business: "TIER_UNLIMITED"
  }),
  of("security", { display_phone_number: business, event: "PIN_CHANGED", requester: "61555822107539" }),
  of("tracking_events", {
    messaging_product: "whatsapp",
    events: [{ event_name: "click", tracking_token: "t", tracking_data: { click_id: "1" }, timestamp: 1 }]
  }),
  of("user_id_update", {
    messaging_product: "whatsapp",
    user_id_update: [
      {
        wa_id: someone,
        user_id: { previous: bsuid, current: "US.2" },
        parent_user_id: { previous: "US.ENT.1", current: "US.ENT.2" },
        timestamp: 1
      }
    ]
  }),
  {
    name: "user_preferences",
    payload: ofNumber("user_preferences", {
      contacts: [{ profile: { name: "Ada" }, wa_id: someone, user_id: bsuid }],
      user_preferences: [
        {
          wa_id: someone,
          user_id: bsuid,
          detail: "does not want more",
          category: "marketing_messages",
          value: "stop",
          timestamp: 1_731_705_721
        },
        {
          wa_id: "16505551235",
          detail: "wants more",
          category: "marketing_messages",
          value: "resume",
          timestamp: 1_731_705_722
        }
      ]
    }),
    kinds: ["preference", "preference"]
  },
  of("something_that_comes_next_year", {
    deep: { list: [1, null, "x", { "": [] }], yes: true },
    "with a space": "\u00e4\ud83d\ude4f"
  })
]
