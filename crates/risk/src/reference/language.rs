//! Where languages are commonly spoken.

/// Languages by their two letters (ISO 639-1) with the countries (ISO 3166-1) where a browser in it is nothing special.
///
/// Our own collection from general knowledge, generous on purpose; English is at home everywhere and not listed.
const SPOKEN: &[(&str, &str)] = &[
    (
        "ar",
        "AE BE BH CA DE DJ DZ EG ER FR GB IL IQ JO KM KW LB LY MA MR NL OM PS QA SA SD SE SO SY TD TN TR US YE",
    ),
    ("cs", "CZ DE SK"),
    ("da", "DE DK FO GL NO SE"),
    ("de", "AT BE CH DE DK FR IT LI LU NL US"),
    ("el", "AL CY DE GR"),
    ("es", "AD AR BO CL CO CR CU DE DO EC ES FR GQ GT HN MX NI PA PE PH PR PT PY SV US UY VE"),
    ("fi", "EE FI SE"),
    (
        "fr",
        "BE BF BI BJ CA CD CF CG CH CI CM DE DJ DZ ES FR GA GB GN GP HT IT KM LB LU MA MC MG ML MQ MU NC NE PF RE RW SC SN TD TG TN US VU",
    ),
    ("he", "IL US"),
    ("hi", "AE CA FJ GB IN MU NP US"),
    ("hu", "AT DE HU RO RS SK UA"),
    ("it", "CH DE FR HR IT MT SI SM US VA"),
    ("ja", "JP US"),
    ("ko", "CN JP KP KR US"),
    ("nl", "AW BE BQ CW DE FR NL SR SX"),
    ("nb", "DK NO SE"),
    ("no", "DK NO SE"),
    ("pl", "DE GB IE LT NL NO PL UA US"),
    ("pt", "AO BR CH CV DE ES FR GB GW LU MO MZ PT ST TL US"),
    ("ro", "DE ES GB IT MD RO"),
    ("ru", "AM AZ BY CY CZ DE EE GE IL KG KZ LT LV MD RS RU TJ TM TR UA US UZ"),
    ("sv", "DK FI NO SE"),
    ("th", "TH"),
    ("tr", "AT BE CH CY DE FR GB NL TR"),
    ("uk", "CZ DE GB PL SK UA US"),
    ("vi", "AU CA DE FR US VN"),
    ("zh", "AU CA CN GB HK MO MY NZ SG TW US"),
];

/// Whether a browser in `language` (such as `de` or `de-CH`) is nothing special in `country`; `None` for a language
/// that we do not know.
pub(crate) fn fits(language: &str, country: &str) -> Option<bool> {
    let base = language.trim().split(['-', '_', ',', ';']).next()?;
    if base.eq_ignore_ascii_case("en") {
        return Some(true);
    }
    let (_, countries) = SPOKEN.iter().find(|(code, _)| code.eq_ignore_ascii_case(base))?;
    Some(countries.split(' ').any(|code| code == country))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_at_home_where_they_are_spoken() {
        assert_eq!(fits("de-CH", "CH"), Some(true));
        assert_eq!(fits("EN", "JP"), Some(true));
        assert_eq!(fits("vi", "BR"), Some(false));
        assert_eq!(fits("tlh", "US"), None);
        assert_eq!(fits("", "US"), None);
    }
}
