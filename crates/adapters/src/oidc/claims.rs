//! What a token says.

use countersign_app::access::provider::Flaw;
use countersign_core::Timestamp;
use serde_json::{Map, Value};

/// How far the issuer's clock and ours may be apart.
const LEEWAY_SECONDS: i64 = 60;

/// The claims of a token.
pub(super) struct Claims(pub(super) Map<String, Value>);

impl Claims {
    /// A claim; nothing where it is null.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A text; `None` where the claim is absent.
    ///
    /// # Errors
    /// [`Flaw::Claim`] where it is something else.
    pub(super) fn text(&self, name: &'static str) -> Result<Option<&str>, Flaw> {
        self.get(name).map(|value| value.as_str().ok_or(Flaw::Claim(name))).transpose()
    }

    /// A text, or the texts of a list; what is no text is passed over.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        match self.get(name) {
            Some(Value::String(text)) => vec![text.clone()],
            Some(Value::Array(list)) => {
                list.iter().filter_map(|value| Some(value.as_str()?.to_owned())).collect()
            }
            _ => Vec::new(),
        }
    }

    /// An instant in seconds since 1970, rounded down; `None` where the claim is absent.
    ///
    /// # Errors
    /// [`Flaw::Claim`] where it is something else.
    pub(super) fn time(&self, name: &'static str) -> Result<Option<i64>, Flaw> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let whole = || value.as_i64();
        // Why: an instant may have a fraction (RFC 7519, section 2).
        let fraction = || {
            let seconds = std::time::Duration::try_from_secs_f64(value.as_f64()?).ok()?.as_secs();
            i64::try_from(seconds).ok()
        };
        whole().or_else(fraction).map(Some).ok_or(Flaw::Claim(name))
    }

    /// Whether it is for `audience`, and for how many others.
    ///
    /// # Errors
    /// [`Flaw::Claim`] where there is no audience or another shape, [`Flaw::Audience`] where it is for others.
    pub(super) fn audiences(&self, audience: &str) -> Result<usize, Flaw> {
        let all = match self.get("aud") {
            Some(Value::String(_)) => self.texts("aud"),
            Some(Value::Array(list)) if list.iter().all(Value::is_string) => self.texts("aud"),
            _ => return Err(Flaw::Claim("aud")),
        };
        if all.iter().any(|one| one == audience) { Ok(all.len()) } else { Err(Flaw::Audience) }
    }

    /// Checks that its time has come and is not over.
    ///
    /// # Errors
    /// [`Flaw::Expired`], [`Flaw::Early`]; [`Flaw::Claim`] where a time is missing or none.
    pub(super) fn check_times(&self, now: Timestamp) -> Result<(), Flaw> {
        let now = now.seconds();
        let ends = self.time("exp")?.ok_or(Flaw::Claim("exp"))?;
        let made = self.time("iat")?.ok_or(Flaw::Claim("iat"))?;
        let begins = self.time("nbf")?.unwrap_or(made).max(made);
        if ends.saturating_add(LEEWAY_SECONDS) <= now {
            return Err(Flaw::Expired);
        }
        if begins.saturating_sub(LEEWAY_SECONDS) > now {
            return Err(Flaw::Early);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "callers write the value in place")]
    fn claims(value: Value) -> Claims {
        Claims(value.as_object().unwrap().clone())
    }

    #[test]
    fn a_minute_of_difference_between_the_clocks_is_passed_over_and_more_is_not() {
        let now = Timestamp::from_seconds(10_000);
        let check = |value| claims(value).check_times(now);
        assert_eq!(check(json!({"exp": 9_941, "iat": 9_000})), Ok(()));
        assert_eq!(check(json!({"exp": 9_940, "iat": 9_000})), Err(Flaw::Expired));
        assert_eq!(check(json!({"exp": 11_000, "iat": 10_060})), Ok(()));
        assert_eq!(check(json!({"exp": 11_000, "iat": 10_061})), Err(Flaw::Early));
        assert_eq!(check(json!({"exp": 11_000, "iat": 9_000, "nbf": 10_061})), Err(Flaw::Early));
        assert_eq!(check(json!({"exp": 11_000.9, "iat": 9_000.1, "nbf": null})), Ok(()));
    }

    #[test]
    fn a_time_that_is_missing_or_no_number_is_refused() {
        let check = |value| claims(value).check_times(Timestamp::from_seconds(10_000));
        assert_eq!(check(json!({"iat": 1})), Err(Flaw::Claim("exp")));
        assert_eq!(check(json!({"exp": 20_000})), Err(Flaw::Claim("iat")));
        assert_eq!(check(json!({"exp": "20000", "iat": 1})), Err(Flaw::Claim("exp")));
        assert_eq!(check(json!({"exp": 20_000, "iat": 1, "nbf": {}})), Err(Flaw::Claim("nbf")));
        assert_eq!(check(json!({"exp": u64::MAX, "iat": 1})), Err(Flaw::Claim("exp")));
        assert_eq!(check(json!({"exp": 1e300, "iat": 1})), Err(Flaw::Claim("exp")));
        assert_eq!(check(json!({"exp": -5, "iat": 1})), Err(Flaw::Expired));
    }

    #[test]
    fn an_audience_is_compared_whole() {
        let count = |value| claims(json!({ "aud": value })).audiences("me");
        assert_eq!(count(json!("me")), Ok(1));
        assert_eq!(count(json!(["you", "me"])), Ok(2));
        assert_eq!(count(json!("me2")), Err(Flaw::Audience));
        assert_eq!(count(json!([])), Err(Flaw::Audience));
        assert_eq!(count(json!(["me", 1])), Err(Flaw::Claim("aud")));
        assert_eq!(count(json!(null)), Err(Flaw::Claim("aud")));
    }
}
