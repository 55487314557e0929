//! The user agent as tenant logs write it: `Chrome 140.0.0 / Windows 10.0.0`.

/// Browsers, the more particular first, by what stands before the version.
const BROWSERS: [(&str, &str); 6] = [
    ("HeadlessChrome/", "HeadlessChrome"),
    ("Edg/", "Edge"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
    ("python-requests/", "Python Requests"),
];
const SYSTEMS: [(&str, &str); 5] = [
    ("Windows NT ", "Windows"),
    ("iPhone OS ", "iOS"),
    ("Mac OS X ", "Mac OS X"),
    ("Android ", "Android"),
    ("Linux", "Linux"),
];

/// The header, read.
pub(super) fn parsed(header: Option<&str>) -> String {
    let header = header.unwrap_or_default();
    format!("{} / {}", found(header, &BROWSERS), found(header, &SYSTEMS))
}

/// Whether it is a telephone or the like.
pub(super) fn is_mobile(header: Option<&str>) -> bool {
    header.is_some_and(|header| ["Mobile", "iPhone", "Android"].iter().any(|word| header.contains(word)))
}

fn found(header: &str, known: &[(&str, &str)]) -> String {
    let hit = known.iter().find_map(|(mark, name)| Some((*name, header.split_once(mark)?.1)));
    let Some((name, rest)) = hit else { return "Other 0.0.0".to_owned() };
    let digits = |part: Option<&str>| -> String {
        let digits: String =
            part.unwrap_or_default().chars().take_while(char::is_ascii_digit).take(6).collect();
        if digits.is_empty() { "0".to_owned() } else { digits }
    };
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_').unwrap_or(rest.len());
    let mut parts = rest.get(..end).unwrap_or_default().split(['.', '_']);
    let (major, minor, patch) = (digits(parts.next()), digits(parts.next()), digits(parts.next()));
    format!("{name} {major}.{minor}.{patch}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_and_systems_are_told_apart_and_the_rest_is_other() {
        let chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
        assert_eq!(parsed(Some(chrome)), "Chrome 140.0.0 / Windows 10.0.0");
        assert_eq!(parsed(None), "Other 0.0.0 / Other 0.0.0");
        assert_eq!(parsed(Some("order-sync/2.4")), "Other 0.0.0 / Other 0.0.0");
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1";
        assert_eq!(parsed(Some(phone)), "Safari 26.0.0 / iOS 18.6.0");
        assert!(is_mobile(Some(phone)) && !is_mobile(Some(chrome)));
    }
}
