//! Entries of a tenant's log as Auth0 delivers them.

use countersign_core::Timestamp;

const AGENT: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

/// The entry `number` of a log, about `user`, of 1.8 to 2.6 KB, as those of tenants with long flows are; one happens each millisecond since `began`.
pub fn entry(began: Timestamp, number: u32, user: u32) -> String {
    let (at, size) = (began.plus(i64::from(number) * 1_000), 3 + number % 4);
    let kind = match number % 20 {
        0..8 => "s",
        8..14 => "sertft",
        14..16 => "fp",
        16 => "seccft",
        17 => "gd_auth_succeed",
        18 => "ss",
        _ => "sapi",
    };
    let steps = (0..size).map(|step| {
        format!(
            r#"{{"name":"prompt-{step}","flow":"universal-login","initiatedAt":178721280{step}100,"completedAt":178721280{step}900,"connection":"Username-Password-Authentication","connection_id":"con_Xy12Ab34Cd56Ef78","strategy":"auth0","identity":"65f0c0ffee{user:014}","elapsedTime":1{step}0}}"#
        )
    });
    format!(
        r#"{{"log_id":"900{number:057}","type":"{kind}","date":"{at}","description":"An entry","client_id":"q3fYvK1mXn8sT0aBcDeFgHiJkLmNoPqR","client_name":"Example Portal","connection":"Username-Password-Authentication","connection_id":"con_Xy12Ab34Cd56Ef78","strategy":"auth0","strategy_type":"database","user_id":"auth0|65f0c0ffee{user:014}","user_name":"user{user}@example.com","organization_id":"org_{organization:016}","organization_name":"example-{organization}","ip":"198.51.{}.{}","user_agent":"{AGENT}","hostname":"login.example.com","tenant_name":"example-tenant","environment_name":"prod-us-1","security_context":{{"ja3":"a1ffa339ba0853d979d34a96ac9e4b6b","ja4":"t13d1516h2_8daaf6152771_d8a2da3f94cd"}},"location_info":{{"country_code":"DE","latitude":52.5,"longitude":13.4}},"details":{{"prompts":[{}],"stats":{{"loginsCount":42}},"session_id":"sess-{user}"}},"$event_schema":{{"version":"1.0.0"}}}}"#,
        user % 100,
        user % 250,
        steps.collect::<Vec<_>>().join(","),
        organization = user % 50,
    )
}

/// A delivery of `count` entries from `first` on, each with its `log_id` beside it, as log streams send them; `user` says whom each is about.
pub fn delivery(began: Timestamp, first: u32, count: u32, user: impl Fn(u32) -> u32) -> String {
    let entries = (first..first + count).map(|number| {
        format!(r#"{{"log_id":"900{number:057}","data":{}}}"#, entry(began, number, user(number)))
    });
    format!("[{}]", entries.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use countersign_auth0::log;

    use super::*;

    #[test]
    fn a_delivery_is_read_whole_and_its_entries_are_as_long_as_tenants_are() {
        let text = delivery(Timestamp::from_seconds(1_787_212_800), 7, 100, |number| number);
        let entries = log::entries(&text).unwrap();
        assert_eq!(entries.len(), 100);
        for entry in entries {
            let length = entry.unwrap().raw.len();
            assert!((1_750..=2_700).contains(&length), "{length}");
        }
    }
}
