//! What each trigger's event gives to a decision, one file a trigger.

mod credentials_exchange;
mod custom_token_exchange;
mod event_stream;
mod password_reset_post_challenge;
mod post_change_password;
mod post_login;
mod post_user_registration;
mod pre_user_registration;
mod send_phone_message;
mod short_form;

pub use short_form::QuickAsk;
