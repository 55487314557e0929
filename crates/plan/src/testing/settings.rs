//! Settings of a tenant in memory: texts of pages, secrets of applications, tickets.

use serde_json::{Value, json};

use super::world::{Answer, Body, NOT_FOUND, World};

impl World {
    pub(super) fn call_setting(&mut self, name: &str, segments: &[String], body: &Body) -> Option<Answer> {
        let at = |index: usize| segments.get(index).map(String::as_str).unwrap_or_default();
        Some(match name {
            "prompts.custom_text" => {
                let texts = self.texts.get(&format!("{} {}", at(1), at(3)));
                Ok(Value::Object(texts.cloned().unwrap_or_default()))
            }
            "prompts.set_custom_text" => {
                // Why whole: nothing of before is kept.
                self.texts.insert(format!("{} {}", at(1), at(3)), body.clone());
                self.texts.retain(|_, texts| !texts.is_empty());
                Ok(Value::Object(body.clone()))
            }
            "tickets.change_password" => {
                Ok(json!({"ticket": format!("https://example.com/{}", self.id("ticket"))}))
            }
            "clients.rotate_secret" => self.rotate(at(1)),
            _ => return None,
        })
    }

    fn rotate(&mut self, client: &str) -> Answer {
        let secret = self.id("secret");
        let found = self.find_mut("clients", client).ok_or(NOT_FOUND)?;
        found.insert("client_secret".to_owned(), json!(secret));
        Ok(Value::Object(found.clone()))
    }
}
