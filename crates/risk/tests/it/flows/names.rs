//! Names and domains; each half of the corpus has its own.

use super::world::Rng;

const GIVEN: &[&str] = &[
    "Anna",
    "Mateusz",
    "Oluwaseun",
    "Chiara",
    "Jürgen",
    "Thị Hương",
    "Siobhán",
    "Xiulan",
    "Bo",
    "Krzysztof",
    "Ngozi",
    "José",
    "Priyanka",
    "Dmytro",
    "Yuki",
    "Aoife",
    "Mehmet",
    "Ragnhildur",
    "Björn",
    "Zsófia",
    "Tiago",
    "Li",
    "Amélie",
    "Kwabena",
    "Rajesh",
    "Ingeborg",
    "Marek",
    "Leila",
    "Hyun-woo",
    "Fiona",
    "Ahmed",
    "Sinéad",
    "Luca",
    "Ewa",
    "Noor",
    "Vytautas",
    "Camille",
    "Sven",
    "Adaeze",
    "Gábor",
    "Wanjiru",
    "Ioana",
    "Pedro",
    "Zuzana",
    "Eoin",
    "Mai",
    "Rasmus",
    "Tamara",
];

const FAMILY: &[&str] = &[
    "Kowalczyk",
    "Adebayo",
    "Rossi",
    "Müller",
    "Nguyễn",
    "O'Sullivan",
    "Wang",
    "Ek",
    "Wiśniewski",
    "Okafor",
    "García",
    "Iyer",
    "Shevchenko",
    "Tanaka",
    "Ní Bhriain",
    "Yılmaz",
    "Guðmundsdóttir",
    "Lindqvist",
    "Nagy",
    "Ferreira",
    "Ng",
    "Dubois",
    "Mensah",
    "Krishnamurthy",
    "Haugen",
    "Novák",
    "Haddad",
    "Park",
    "Campbell",
    "El-Sayed",
    "Murphy",
    "Bianchi",
    "Zielińska",
    "van der Berg",
    "Petrauskas",
    "Lefèvre",
    "Johansson",
    "Eze",
    "Szabó",
    "Mwangi",
    "Popescu",
    "Silva",
    "Dvořáková",
    "Byrne",
    "Trần",
    "Holm",
    "Vukčević",
    "Schwarz",
];

const FIRMS: &[&str] = &[
    "tietgen-logistik.de",
    "haldane.co.uk",
    "ostrava-steel.cz",
    "mbwana-foods.co.ke",
    "lumiere-conseil.fr",
    "kitano-works.jp",
    "pampa-energia.com.br",
    "fjordkraft-rad.no",
    "vistula-soft.pl",
    "gt-auto.it",
    "qxl-systems.com",
    "srvnet.nl",
    "deccan-textiles.in",
    "bluegumhealth.com.au",
    "nordlys.dk",
    "casa-verde.pt",
    "hb-elektro.at",
    "zwart-wit.be",
    "mekong-travel.vn",
    "atlas-mining.co.za",
    "redwood-clinic.org",
    "sakarya-makina.com.tr",
    "cbx.ch",
    "irisoptik.se",
];

pub(super) const FREE: &[&str] =
    &["gmail.com", "outlook.com", "gmx.de", "yahoo.com", "web.de", "icloud.com", "qq.com", "proton.me"];

/// Half `half` (0 or 1) of the items: what weights are chosen on shares no name with what is measured.
fn half(items: &[&'static str], half: usize) -> Vec<&'static str> {
    items.iter().skip(half).step_by(2).copied().collect()
}

/// Names to draw from.
pub(super) struct Names {
    given: Vec<&'static str>,
    family: Vec<&'static str>,
    firms: Vec<&'static str>,
}

/// A person with a name in its own letters and in those of mail addresses.
#[derive(Clone)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) given: String,
    pub(super) family: String,
}

impl Names {
    pub(super) fn new(seed: u64) -> Self {
        let of = |items| half(items, usize::try_from(seed % 2).unwrap());
        Self { given: of(GIVEN), family: of(FAMILY), firms: of(FIRMS) }
    }

    pub(super) fn person(&self, rng: &mut Rng) -> Named {
        let (given, family) = (rng.pick(&self.given), rng.pick(&self.family));
        Named { name: format!("{given} {family}"), given: plain(given), family: plain(family) }
    }

    pub(super) fn firm(&self, rng: &mut Rng) -> &'static str {
        rng.pick(&self.firms)
    }

    pub(super) fn free(rng: &mut Rng) -> &'static str {
        rng.pick(FREE)
    }
}

/// A local part as firms and people form it.
pub(super) fn local(person: &Named, rng: &mut Rng) -> String {
    let Named { given, family, .. } = person;
    let first = &given[..1];
    match rng.within(0..7) {
        0 | 1 => format!("{given}.{family}"),
        2 => format!("{first}{family}"),
        3 => format!("{family}.{given}"),
        4 => format!("{given}{}", rng.within(1..99)),
        5 => format!("{first}.{family}"),
        _ => given.clone(),
    }
}

fn plain(name: &str) -> String {
    let mut text = String::new();
    for c in name.to_lowercase().chars() {
        let letter = match c {
            'à'..='å' | 'ă' | 'ą' | 'ả' | 'ạ' | 'ầ' => "a",
            'è'..='ë' | 'ę' | 'ễ' | 'ệ' => "e",
            'ì'..='ï' | 'ı' | 'ị' => "i",
            'ò'..='ö' | 'ø' | 'ő' | 'ơ' => "o",
            'ù'..='ü' | 'ũ' | 'ů' | 'ư' => "u",
            'ç' | 'ć' | 'č' => "c",
            'ñ' | 'ń' | 'ň' => "n",
            'ð' | 'đ' => "d",
            'ś' | 'š' => "s",
            'ł' => "l",
            'ř' => "r",
            'ý' => "y",
            'ż' | 'ź' | 'ž' => "z",
            'a'..='z' => {
                text.push(c);
                continue;
            }
            _ => "",
        };
        text.push_str(letter);
    }
    text
}
