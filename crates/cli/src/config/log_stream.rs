//! `[tenants.<name>.log_stream]`: who may deliver for a tenant.

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de};

/// `[tenants.<name>.log_stream]`
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogStream {
    /// The networks and addresses from which its log stream and its event stream deliver, such as `203.0.113.0/24`; any when
    /// empty.
    #[serde(deserialize_with = "networks")]
    pub sources: Vec<IpNet>,
}

fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let network = |text: &String| {
        let read = text.parse().or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from));
        read.map_err(|_| {
            de::Error::custom(format!("`{text}` is no network such as `203.0.113.0/24`, and no address"))
        })
    };
    texts.iter().map(network).collect()
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    #[test]
    fn sources_are_networks_or_addresses() {
        let of = |sources: &str| parse(&format!("[tenants.acme.log_stream]\nsources = {sources}\n"), vec![]);
        let config = of(r#"["203.0.113.0/24", "2001:db8::/32", "198.51.100.7"]"#).unwrap();
        let sources = &config.tenants.values().next().unwrap().log_stream.sources;
        let contains =
            |text: &str| sources.iter().any(|net| net.contains(&text.parse::<std::net::IpAddr>().unwrap()));
        assert!(contains("203.0.113.9") && contains("2001:db8::1") && contains("198.51.100.7"));
        assert!(!contains("203.0.114.9") && !contains("198.51.100.8"));
        for wrong in [r#"["203.0.113.0/33"]"#, r#"["example.com"]"#, r#"[""]"#] {
            let told = of(wrong).unwrap_err().to_string();
            assert!(told.starts_with("`tenants.acme.log_stream.sources`: "), "{told}");
        }
    }
}
