//! People of the tenant who work with the service: they sign in there by OpenID Connect, and then act as themselves.

use countersign_sandbox::tenant::Method;
use reqwest::{
    Client, Response, Url,
    header::{LOCATION, SET_COOKIE},
    redirect::Policy,
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::scene::{DATABASE, PASSWORD, Scene};
use crate::world::TENANT;

/// Browsers of people, each of whom has a session of their own.
pub struct Browsers {
    client: Client,
    runtime: Runtime,
}

/// Somebody who signed in: what their browser shows of it.
pub struct Person {
    cookie: String,
}

impl Browsers {
    pub fn new() -> Self {
        // Why none is kept: the service ends connections that nobody used for a while.
        let client = Client::builder().redirect(Policy::none()).no_proxy().tls_certs_only([]);
        let client = client.pool_max_idle_per_host(0);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { client: client.build().unwrap(), runtime }
    }

    fn ask(&self, method: &str, url: Url, (cookie, kind): (&str, &str), body: String) -> Response {
        let request = self.client.request(method.parse().unwrap(), url).body(body);
        let request = request.header("cookie", cookie).header("content-type", kind);
        self.runtime.block_on(request.header("sec-fetch-site", "same-origin").send()).unwrap()
    }

    fn text(&self, response: Response) -> String {
        self.runtime.block_on(response.text()).unwrap()
    }
}

/// `name=value` of a cookie that an answer sets.
fn cookie(response: &Response, name: &str) -> String {
    let all = response.headers().get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap());
    let mut pairs = all.filter_map(|value| value.split(';').next());
    pairs.find(|pair| pair.starts_with(&format!("{name}="))).unwrap().to_owned()
}

fn location(response: &Response) -> Url {
    response.headers()[LOCATION].to_str().unwrap().parse().unwrap()
}

impl Scene {
    fn url(&self, path: &str) -> Url {
        format!("http://{}{path}", self.service.host).parse().unwrap()
    }

    /// Makes somebody at the tenant, gives them roles at the service, and signs them in.
    pub fn person(&self, name: &str, roles: &[&str]) -> Person {
        let email = format!("{name}@example.com");
        let user = json!({"connection": DATABASE, "email": email, "password": PASSWORD, "name": name});
        let user = self.sandbox.call(Method::Post, "/users", user);
        let added = self.operate("/v1/access/people", &json!({"subject": user["user_id"], "name": name}));
        for role in roles {
            let grant = json!({"principal": added["id"], "role": role, "tenant": TENANT});
            self.operate("/v1/access/grants", &grant);
        }
        self.sign_in(&email)
    }

    /// Signs somebody in at the tenant's own page, there and back.
    fn sign_in(&self, email: &str) -> Person {
        let (browsers, form) = (&self.browsers, "application/x-www-form-urlencoded");
        let began = browsers.ask("GET", self.url("/sign-in/start?to=%2Fplans"), ("", form), String::new());
        let kept = cookie(&began, "countersign_sign_in");
        let asked = location(&began);
        assert!(asked.as_str().starts_with(&self.sandbox.domain), "{asked}");
        let mut filled_in = asked.clone();
        filled_in.query_pairs_mut().append_pair("username", email).append_pair("password", PASSWORD);
        let filled_in = filled_in.query().unwrap().to_owned();
        let answered = browsers.ask("POST", asked.join("/authorize").unwrap(), ("", form), filled_in);
        assert_eq!(answered.status(), 302, "{}", browsers.text(answered));
        let back = browsers.ask("GET", location(&answered), (&kept, form), String::new());
        assert_eq!(back.status(), 303, "{}", browsers.text(back));
        Person { cookie: cookie(&back, "countersign_session") }
    }

    /// What the service answers somebody, with its status.
    pub fn ask(&self, who: &Person, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.browsers.ask(method, self.url(path), (&who.cookie, "application/json"), body);
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&self.browsers.text(answer)).unwrap_or_default())
    }

    /// The same where it has to be done.
    pub fn done(&self, who: &Person, path: &str, body: &Value) -> Value {
        let (status, answer) = self.ask(who, "POST", path, body);
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        answer
    }
}
