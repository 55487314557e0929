//! `server.public_url`: where browsers reach the console. Whether that is by TLS decides what cookies they keep.

use std::net::IpAddr;

use reqwest::Url;

use super::sections::Server;

/// What is wrong with it, or with its absence.
pub(super) fn fault(server: &Server) -> Option<String> {
    let is_tls = server.behind_tls_proxy || server.tls.is_some();
    let Some(text) = &server.public_url else {
        // Why: nothing else tells where the proxy is reached, and a session's cookie must not travel without TLS.
        return server.behind_tls_proxy.then(|| told("is needed with `server.behind_tls_proxy`", EXAMPLE));
    };
    let Some(url) = Url::parse(text).ok().filter(|url| is_bare(url) && !text.ends_with('/')) else {
        return Some(told("an address without a path and without a slash at its end", EXAMPLE));
    };
    match url.scheme() {
        "https" => None,
        "http" if is_tls => {
            Some(told("begins with `https://` where TLS is spoken, by `server.tls` or a proxy", EXAMPLE))
        }
        "http" if is_loopback(&url) => None,
        _ => Some(told("begins with `https://`, or with `http://` for a loopback address", EXAMPLE)),
    }
}

/// What would be right.
const EXAMPLE: &str = "such as `https://countersign.example.com`";

fn told(what: &str, example: &str) -> String {
    format!("`server.public_url`: {what}, {example}")
}

fn is_bare(url: &Url) -> bool {
    let is_named = url.username().is_empty() && url.password().is_none();
    url.has_host() && url.path() == "/" && url.query().is_none() && url.fragment().is_none() && is_named
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let digits = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || digits.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    const PROXY: &str = "listen = \"0.0.0.0:8377\"\nbehind_tls_proxy = true\n";

    fn told(server: &str) -> Option<String> {
        parse(&format!("[server]\n{server}"), vec![]).err().map(|error| error.to_string())
    }

    #[test]
    fn behind_a_proxy_with_tls_it_is_there_and_https() {
        assert_eq!(
            told(PROXY).unwrap(),
            "`server.public_url`: is needed with `server.behind_tls_proxy`, such as `https://countersign.example.com`"
        );
        for host in ["countersign.example.com", "127.0.0.1:8377"] {
            let plain = told(&format!("{PROXY}public_url = \"http://{host}\"\n")).unwrap();
            assert!(plain.starts_with("`server.public_url`: begins with `https://` where TLS"), "{plain}");
        }
        assert_eq!(told(&format!("{PROXY}public_url = \"https://countersign.example.com\"\n")), None);
    }

    #[test]
    fn with_its_own_tls_it_is_https_or_left_out() {
        let tls = "[server.tls]\ncertificate = \"c\"\nkey = \"k\"\n";
        assert_eq!(told(tls), None);
        assert_eq!(told(&format!("public_url = \"https://a.example:8443\"\n{tls}")), None);
        assert!(
            told(&format!("public_url = \"http://localhost:8443\"\n{tls}"))
                .unwrap()
                .contains("where TLS is spoken")
        );
    }

    #[test]
    fn plain_http_is_for_loopback_alone() {
        for url in
            ["http://localhost:8377", "http://127.0.0.1:8377", "http://[::1]:8377", "https://a.example"]
        {
            assert_eq!(told(&format!("public_url = \"{url}\"\n")), None, "{url}");
        }
        for url in [
            "http://countersign.example.com",
            "http://127.0.0.1.example.com",
            "http://10.0.0.1",
            "ftp://a.example",
        ] {
            let fault = told(&format!("public_url = \"{url}\"\n")).unwrap();
            assert!(fault.starts_with("`server.public_url`: begins with `https://`, or"), "{url}: {fault}");
        }
        for url in [
            "https://a.example/",
            "https://a.example/console",
            "https://a.example?b",
            "https://u:p@a.example",
            "a.example",
            "",
        ] {
            let fault = told(&format!("public_url = \"{url}\"\n")).unwrap();
            assert!(fault.starts_with("`server.public_url`: an address without a path"), "{url}: {fault}");
        }
    }
}
