//! A browser as far as signing in and forms need one: it keeps cookies by host, goes where it is sent, and sends forms as they stand.

use std::{collections::BTreeMap, time::Duration};

use reqwest::{Client, Method, Url, header, redirect::Policy};
use tokio::runtime::Runtime;

/// The most answers that lead elsewhere, one after the other.
const HOPS: usize = 12;

/// A page, and where it is.
pub struct Page {
    pub url: Url,
    pub status: u16,
    pub text: String,
}

pub struct Browser {
    runtime: Runtime,
    client: Client,
    cookies: BTreeMap<String, BTreeMap<String, String>>,
}

impl Browser {
    pub fn new() -> Self {
        let client = Client::builder().redirect(Policy::none()).no_proxy().tls_certs_only([]);
        let client = client.timeout(Duration::from_secs(30)).build().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { runtime, client, cookies: BTreeMap::new() }
    }

    /// Goes to an address, and on to wherever that leads.
    pub fn open(&mut self, url: &str) -> Page {
        self.follow(Method::GET, Url::parse(url).unwrap(), None)
    }

    /// Follows a link of a page whose address has this part.
    pub fn link(&mut self, page: &Page, part: &str) -> Page {
        let links = page.text.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
        let found = links.map(unescaped).find(|link| link.contains(part));
        let link = found.unwrap_or_else(|| panic!("no link to `{part}` in {}", page.text));
        self.open(page.url.join(&link).unwrap().as_str())
    }

    /// Sends the form of a page that has this part, as it stands, with further fields.
    pub fn send(&mut self, page: &Page, part: &str, fields: &[(&str, &str)]) -> Page {
        let mut forms = page.text.split("<form").skip(1).map(|rest| rest.split("</form>").next().unwrap());
        let form = forms.find(|form| form.contains(part));
        let form = form.unwrap_or_else(|| panic!("no form with `{part}` in {}", page.text));
        let mut body = Url::parse("http://form.example/").unwrap();
        for input in form.split("<input").skip(1).map(|rest| rest.split('>').next().unwrap()) {
            let is_chosen = input.contains("type=\"hidden\"") || input.contains(" checked");
            if let (true, Some(name)) = (is_chosen, attribute(input, "name")) {
                body.query_pairs_mut().append_pair(&name, &attribute(input, "value").unwrap_or_default());
            }
        }
        body.query_pairs_mut().extend_pairs(fields);
        let action = page.url.join(&attribute(form, "action").unwrap()).unwrap();
        self.follow(Method::POST, action, Some(body.query().unwrap_or_default().to_owned()))
    }

    fn follow(&mut self, mut method: Method, mut url: Url, mut body: Option<String>) -> Page {
        for _ in 0..HOPS {
            let host = url.host_str().unwrap().to_owned();
            let cookies = self.cookies.entry(host).or_default();
            let sent: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let mut request = self.client.request(method, url.clone()).header(header::ACCEPT, "text/html");
            request = request.header(header::COOKIE, sent.join("; "));
            if let Some(body) = body.take() {
                request = request.header("sec-fetch-site", "same-origin").body(body);
                request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            }
            let response = self.runtime.block_on(async { request.send().await }).unwrap();
            for cookie in response.headers().get_all(header::SET_COOKIE) {
                let (pair, rest) = cookie.to_str().unwrap().split_once(';').unwrap();
                let (name, value) = pair.split_once('=').unwrap();
                match rest.contains("Max-Age=0") {
                    true => cookies.remove(name),
                    false => cookies.insert(name.to_owned(), value.to_owned()),
                };
            }
            let Some(location) = response.headers().get(header::LOCATION) else {
                let status = response.status().as_u16();
                return Page {
                    url,
                    status,
                    text: self.runtime.block_on(async { response.text().await }).unwrap(),
                };
            };
            url = url.join(location.to_str().unwrap()).unwrap();
            method = Method::GET;
        }
        panic!("it leads on and on, to {url}");
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    Some(unescaped(rest.split('"').next()?))
}

fn unescaped(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}
