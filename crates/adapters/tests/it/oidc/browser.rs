//! A browser as far as a sign-in needs one: it follows redirects, keeps cookies and fills forms in.

use std::collections::BTreeMap;

use reqwest::{
    Client, Response, Url,
    header::{COOKIE, LOCATION, SET_COOKIE},
    redirect::Policy,
};

/// The most pages of a sign-in.
const MOST: usize = 20;

pub struct Browser {
    client: Client,
    cookies: BTreeMap<String, String>,
    filled_in: Vec<(&'static str, &'static str)>,
}

impl Browser {
    /// One whose person answers these fields of any form.
    pub fn new(filled_in: &[(&'static str, &'static str)]) -> Self {
        let client = Client::builder().redirect(Policy::none()).no_proxy().tls_certs_only([]);
        let filled_in = filled_in.to_vec();
        Self { client: client.build().unwrap(), cookies: BTreeMap::new(), filled_in }
    }

    /// Goes on from `url` until it is sent to `back`, and tells the parameters that it comes with.
    pub async fn sign_in(&mut self, url: &str, back: &str) -> BTreeMap<String, String> {
        let mut url = Url::parse(url).unwrap();
        let mut form = None;
        for _ in 0..MOST {
            let response = self.send(&url, form.take()).await;
            if let Some(location) = response.headers().get(LOCATION) {
                url = url.join(location.to_str().unwrap()).unwrap();
                if url.as_str().starts_with(back) {
                    return url.query_pairs().into_owned().collect();
                }
                continue;
            }
            let (status, page) = (response.status(), response.text().await.unwrap());
            assert!(status.is_success(), "{status} {page}");
            let action = attribute(&page[page.find("<form").expect(&page)..], "action").unwrap();
            form = Some(self.fill_in(&page));
            url = url.join(&action).unwrap();
        }
        panic!("the sign-in does not end: {url}")
    }

    async fn send(&mut self, url: &Url, form: Option<String>) -> Response {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = match form {
            Some(form) => self
                .client
                .post(url.clone())
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form),
            None => self.client.get(url.clone()),
        };
        let response = request.header(COOKIE, cookies.join("; ")).send().await.unwrap();
        for cookie in response.headers().get_all(SET_COOKIE) {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        response
    }

    /// The page's form, with what it holds and what the person knows.
    fn fill_in(&self, page: &str) -> String {
        let mut url = Url::parse("http://127.0.0.1/").unwrap();
        for input in page.split("<input").skip(1) {
            let input = &input[..input.find('>').unwrap()];
            let name = attribute(input, "name").unwrap();
            let known = self.filled_in.iter().find(|(field, _)| *field == name);
            let value = known
                .map(|(_, value)| (*value).to_owned())
                .or_else(|| attribute(input, "value"))
                .unwrap_or_default();
            url.query_pairs_mut().append_pair(&name, &value);
        }
        url.query().unwrap_or_default().to_owned()
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!("{name}=\""))?;
    let value = rest.split('"').next()?;
    Some(value.replace("&#39;", "'").replace("&quot;", "\"").replace("&lt;", "<").replace("&amp;", "&"))
}
