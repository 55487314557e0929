//! A coarse reader of user agents: families and major versions, nothing that an attacker can size.

use crate::{Device, DeviceClass, Short};

/// No more of an agent than this is read, in bytes; browsers send under 300.
const MAX_BYTES: usize = 1_024;

/// Words by which programs without a person name themselves, in lower case; looked for before any browser.
///
/// Source: the default agents of the tools named; `bot`, `crawler` and `spider` by convention of crawlers.
const AUTOMATION: &[(&str, &str)] = &[
    ("headlesschrome", "headless_chrome"),
    ("phantomjs", "phantomjs"),
    ("playwright", "playwright"),
    ("puppeteer", "puppeteer"),
    ("selenium", "selenium"),
    ("electron-fetch", "electron_fetch"),
    ("python-requests", "python_requests"),
    ("python requests", "python_requests"),
    ("python-urllib", "python_urllib"),
    ("python-httpx", "python_httpx"),
    ("aiohttp", "aiohttp"),
    ("okhttp", "okhttp"),
    ("go-http-client", "go_http_client"),
    ("node-fetch", "node_fetch"),
    ("apache-httpclient", "apache_httpclient"),
    ("postmanruntime", "postman"),
    ("libwww-perl", "libwww_perl"),
    ("curl", "curl"),
    ("wget", "wget"),
    ("axios", "axios"),
    ("undici", "undici"),
    ("reqwest", "reqwest"),
    ("scrapy", "scrapy"),
    ("java/", "java"),
    ("crawler", "bot"),
    ("spider", "bot"),
    ("bot", "bot"),
];

/// Browsers by their token in a raw agent; order matters, since most claim to be Chrome and Safari as well.
const BROWSERS: &[(&str, &str)] = &[
    ("edg/", "edge"),
    ("edga/", "edge"),
    ("edgios/", "edge"),
    ("edge/", "edge"),
    ("opr/", "opera"),
    ("opios/", "opera"),
    ("samsungbrowser/", "samsung"),
    ("yabrowser/", "yandex"),
    ("vivaldi/", "vivaldi"),
    ("firefox/", "firefox"),
    ("fxios/", "firefox"),
    ("crios/", "chrome"),
    ("chrome/", "chrome"),
    ("chromium/", "chrome"),
    ("trident/", "internet_explorer"),
    ("msie ", "internet_explorer"),
];

/// Browsers by their family name in Auth0's tenant logs, such as `Chrome Mobile 140.0.0 / Android 15.0.0`.
const FAMILIES: &[(&str, &str)] = &[
    ("edge", "edge"),
    ("opera", "opera"),
    ("samsung", "samsung"),
    ("yandex", "yandex"),
    ("vivaldi", "vivaldi"),
    ("firefox", "firefox"),
    ("chrom", "chrome"),
    ("safari", "safari"),
    ("ie", "internet_explorer"),
];

/// Operating systems in both forms; iPads and iPhones before the Mac, whose name they carry too.
const SYSTEMS: &[(&str, &str)] = &[
    ("windows phone", "other"),
    ("windows", "windows"),
    ("ipad", "ios"),
    ("iphone", "ios"),
    ("ipod", "ios"),
    ("android", "android"),
    ("cros", "chromeos"),
    ("chrome os", "chromeos"),
    ("mac os", "macos"),
    ("macos", "macos"),
    ("macintosh", "macos"),
    ("ubuntu", "linux"),
    ("fedora", "linux"),
    ("debian", "linux"),
    ("linux", "linux"),
];

/// Reads a user agent, raw or in the form of Auth0's logs (`Chrome 140.0.0 / Windows 10.0.0`); `None` when it is blank.
///
/// Both forms of one agent give the same browser, major version and system, so that log records join with events.
#[must_use]
pub fn parse_agent(text: &str) -> Option<Device> {
    let text = text.get(..text.floor_char_boundary(MAX_BYTES))?.trim();
    if text.is_empty() {
        return None;
    }
    let text = text.to_ascii_lowercase();
    // Why: Cubot is a make of phones, and its models stand in their agents.
    if let Some((token, family)) = first(AUTOMATION, &text.replace("cubot", "")) {
        let major = text.split_once(token).map_or(0, |(_, rest)| leading_number(rest));
        return Some(device(family, major, system(&text), DeviceClass::Automation));
    }
    Some(match normalized(&text) {
        Some((program, os_text)) => from_log(program, os_text),
        None => from_header(&text),
    })
}

fn device(browser: &str, major: u32, os: &str, class: DeviceClass) -> Device {
    let automation = class == DeviceClass::Automation;
    Device { browser: Short::new(browser), major, os: Short::new(os), class, automation }
}

/// The table's first row whose token occurs in `text`.
fn first(table: &[(&'static str, &'static str)], text: &str) -> Option<(&'static str, &'static str)> {
    table.iter().find(|(token, _)| text.contains(token)).copied()
}

fn system(text: &str) -> &'static str {
    match first(SYSTEMS, text) {
        Some((_, name)) => name,
        // Why: "Mobile Safari 18.0.0 / iOS 18.1.0" has no more than this word, and "ios" occurs within others.
        None if text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == "ios") => "ios",
        None => "other",
    }
}

/// The number that `text` begins with, after a separator; 0 when there is none.
fn leading_number(text: &str) -> u32 {
    let digits = text.trim_start_matches(['/', ' ', ':']);
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits.get(..end).and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// Splits `chrome 140.0.0 / windows 10.0.0`; a raw agent begins its products with a slash and has no ` / `.
fn normalized(text: &str) -> Option<(&str, &str)> {
    let (program, os) = text.split_once(" / ")?;
    (!program.contains('/')).then_some((program, os))
}

fn from_log(program: &str, os_text: &str) -> Device {
    let family = first(FAMILIES, program).map_or("other", |(_, name)| name);
    let major = program.rsplit_once(' ').map_or(0, |(_, version)| leading_number(version));
    let os = system(os_text);
    let class = match os {
        "ios" | "android" => DeviceClass::Mobile,
        "other" => DeviceClass::Other,
        _ => DeviceClass::Desktop,
    };
    device(family, major, os, class)
}

fn from_header(text: &str) -> Device {
    let os = system(text);
    let class = match os {
        "ios" if text.contains("ipad") => DeviceClass::Tablet,
        "ios" => DeviceClass::Mobile,
        // Chrome's agent guidance: Android phones say "Mobile", tablets do not.
        "android" if text.contains("mobile") => DeviceClass::Mobile,
        "android" => DeviceClass::Tablet,
        "other" => DeviceClass::Other,
        _ => DeviceClass::Desktop,
    };
    if let Some((token, family)) = first(BROWSERS, text) {
        let major = text.split_once(token).map_or(0, |(_, rest)| leading_number(rest));
        return device(family, major, os, class);
    }
    match text.split_once("version/") {
        Some((_, rest)) if rest.contains("safari/") => device("safari", leading_number(rest), os, class),
        _ => device("other", 0, os, class),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> (String, u32, String, DeviceClass) {
        let device = parse_agent(text).unwrap();
        (device.browser.to_string(), device.major, device.os.to_string(), device.class)
    }

    #[test]
    fn raw_agents_are_read() {
        use DeviceClass::{Automation, Desktop, Mobile, Other, Tablet};
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        let rows: &[(String, &str, u32, &str, DeviceClass)] = &[
            (format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {webkit} Chrome/140.0.0.0 Safari/537.36"), "chrome", 140, "windows", Desktop),
            (format!("Mozilla/5.0 (Windows NT 10.0) {webkit} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.1"), "edge", 140, "windows", Desktop),
            (format!("Mozilla/5.0 (Linux; Android 15; Pixel 9) {webkit} Chrome/139.0.0.0 Mobile Safari/537.36"), "chrome", 139, "android", Mobile),
            (format!("Mozilla/5.0 (Linux; Android 15; SM-X910) {webkit} SamsungBrowser/28.0 Chrome/130.0.0.0 Safari/537.36"), "samsung", 28, "android", Tablet),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15".into(), "safari", 18, "macos", Desktop),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1".into(), "safari", 18, "ios", Mobile),
            ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0".into(), "firefox", 142, "linux", Desktop),
            (format!("Mozilla/5.0 (X11; Linux x86_64) {webkit} HeadlessChrome/140.0.0.0 Safari/537.36"), "headless_chrome", 140, "linux", Automation),
            ("python-requests/2.32.3".into(), "python_requests", 2, "other", Automation),
            ("okhttp/4.12.0".into(), "okhttp", 4, "other", Automation),
            ("Go-http-client/1.1".into(), "go_http_client", 1, "other", Automation),
            ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)".into(), "bot", 2, "other", Automation),
            ("something else".into(), "other", 0, "other", Other),
        ];
        for (text, browser, major, os, class) in rows {
            assert_eq!(read(text), ((*browser).to_owned(), *major, (*os).to_owned(), *class), "{text}");
        }
    }

    #[test]
    fn the_form_of_the_logs_is_read() {
        use DeviceClass::{Desktop, Mobile, Other};
        let rows = [
            ("Chrome 140.0.0 / Windows 10.0.0", "chrome", 140, "windows", Desktop),
            ("Chrome Mobile 139.0.0 / Android 15.0.0", "chrome", 139, "android", Mobile),
            ("Mobile Safari 18.1.0 / iOS 18.1.0", "safari", 18, "ios", Mobile),
            ("Safari 18.1.0 / Mac OS X 10.15.7", "safari", 18, "macos", Desktop),
            ("Firefox 142.0.0 / Ubuntu 0.0.0", "firefox", 142, "linux", Desktop),
            ("Edge 140.0.1 / Windows 10.0.0", "edge", 140, "windows", Desktop),
            ("Other 0.0.0 / Other 0.0.0", "other", 0, "other", Other),
        ];
        for (text, browser, major, os, class) in rows {
            assert_eq!(read(text), (browser.to_owned(), major, os.to_owned(), class), "{text}");
        }
        assert!(parse_agent("Python Requests 2.32 / Other 0.0.0").unwrap().automation);
        assert!(
            !parse_agent("Mozilla/5.0 (Linux; Android 13; CUBOT P80) Chrome/139.0.0.0 Mobile")
                .unwrap()
                .automation
        );
    }

    #[test]
    fn a_blank_agent_is_no_device() {
        assert_eq!(parse_agent("  \t"), None);
    }

    proptest! {
        #[test]
        fn any_text_gives_only_our_own_words(text in any::<String>()) {
            let known = |table: &[(&str, &str)], word: &str| table.iter().any(|(_, name)| *name == word);
            if let Some(device) = parse_agent(&text) {
                let browser = device.browser.as_str();
                prop_assert!(
                    ["other", "safari"].contains(&browser) || known(BROWSERS, browser) || known(AUTOMATION, browser) || known(FAMILIES, browser)
                );
                prop_assert!(["other", "ios"].contains(&device.os.as_str()) || known(SYSTEMS, device.os.as_str()));
                prop_assert_eq!(device.automation, device.class == DeviceClass::Automation);
            }
        }
    }
}
