//! Conditions: `selection and not 1 of filter_*`.

use super::located::{Faults, Spot, listed, quoted, suggest};

/// A condition over selections, which are named by their index.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    Selection(usize),
    Not(Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
}

impl Expr {
    /// Whether it holds, `holds` being what each selection says.
    pub(super) fn eval(&self, holds: &mut dyn FnMut(usize) -> bool) -> bool {
        match self {
            Self::Selection(index) => holds(*index),
            Self::Not(inner) => !inner.eval(holds),
            Self::And(parts) => parts.iter().all(|part| part.eval(holds)),
            Self::Or(parts) => parts.iter().any(|part| part.eval(holds)),
        }
    }

    /// The selections that it names.
    pub(super) fn selections(&self, into: &mut Vec<usize>) {
        match self {
            Self::Selection(index) => into.push(*index),
            Self::Not(inner) => inner.selections(into),
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.selections(into)),
        }
    }

    /// The same with each selection's index raised by `by`.
    pub(super) fn shifted(&self, by: usize) -> Self {
        let all = |parts: &[Self]| parts.iter().map(|part| part.shifted(by)).collect();
        match self {
            Self::Selection(index) => Self::Selection(index + by),
            Self::Not(inner) => Self::Not(Box::new(inner.shifted(by))),
            Self::And(parts) => Self::And(all(parts)),
            Self::Or(parts) => Self::Or(all(parts)),
        }
    }
}

/// How deep parentheses may nest.
const MAX_DEPTH: usize = 32;

/// The longest condition, in bytes.
const MAX_LENGTH: usize = 4096;

/// Reads a condition over the selections of the given names; what is wrong is told.
pub(super) fn parse(text: &str, spot: Spot, names: &[&str], faults: &mut Faults) -> Option<Expr> {
    let parsed = if text.len() > MAX_LENGTH {
        Err(("the condition is too long".to_owned(), format!("at most {MAX_LENGTH} bytes")))
    } else {
        tokens(text).and_then(|tokens| Reader { tokens: &tokens, next: 0, names, depth: 0 }.whole())
    };
    parsed.map_err(|(what, right)| faults.error(spot, what, right)).ok()
}

type Fault = (String, String);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Token<'t> {
    Open,
    Close,
    Word(&'t str),
}

fn tokens(text: &str) -> Result<Vec<Token<'_>>, Fault> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_word = |character: char| character.is_alphanumeric() || "_-.*?".contains(character);
        let length = rest.find(|character| !is_word(character)).unwrap_or(rest.len());
        let (token, length) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '|' => {
                let right = "a document with `correlation` counts";
                return Err(("aggregations in a condition are not evaluated".to_owned(), right.to_owned()));
            }
            _ if length > 0 => (Token::Word(rest.get(..length).unwrap_or_default()), length),
            _ => {
                let right = "names, `and`, `or`, `not`, `1 of`, `all of` and parentheses";
                return Err((format!("`{first}` in a condition"), right.to_owned()));
            }
        };
        tokens.push(token);
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    Ok(tokens)
}

struct Reader<'t, 'n> {
    tokens: &'t [Token<'t>],
    next: usize,
    names: &'n [&'n str],
    depth: usize,
}

impl<'t> Reader<'t, '_> {
    fn whole(mut self) -> Result<Expr, Fault> {
        let expr = self.either()?;
        match self.peek() {
            None => Ok(expr),
            Some(Token::Word(word)) => Err((
                format!("`{}` follows a whole condition", quoted(word)),
                "join parts by `and` or `or`".into(),
            )),
            Some(_) => Err(("a parenthesis too many".into(), "close what is open, and no more".into())),
        }
    }

    fn peek(&self) -> Option<Token<'t>> {
        self.tokens.get(self.next).copied()
    }

    fn take_word(&mut self, word: &str) -> bool {
        let is_it = matches!(self.peek(), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word));
        self.next += usize::from(is_it);
        is_it
    }

    fn either(&mut self) -> Result<Expr, Fault> {
        self.joined("or", Self::both, Expr::Or)
    }

    fn both(&mut self) -> Result<Expr, Fault> {
        self.joined("and", Self::single, Expr::And)
    }

    fn joined(
        &mut self,
        word: &str,
        part: fn(&mut Self) -> Result<Expr, Fault>,
        join: fn(Vec<Expr>) -> Expr,
    ) -> Result<Expr, Fault> {
        let first = part(self)?;
        let mut parts = vec![first];
        while self.take_word(word) {
            parts.push(part(self)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { join(parts) })
    }

    fn single(&mut self) -> Result<Expr, Fault> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(("the condition nests too deep".into(), format!("at most {MAX_DEPTH} deep")));
        }
        let expr = self.unguarded()?;
        self.depth -= 1;
        Ok(expr)
    }

    fn unguarded(&mut self) -> Result<Expr, Fault> {
        if self.take_word("not") {
            return Ok(Expr::Not(Box::new(self.single()?)));
        }
        let token = self.peek();
        self.next += 1;
        match token {
            Some(Token::Open) => {
                let inner = self.either()?;
                if self.peek() != Some(Token::Close) {
                    return Err(("a parenthesis is not closed".into(), "close it".into()));
                }
                self.next += 1;
                Ok(inner)
            }
            Some(Token::Word(word)) if self.take_word("of") => self.quantified(word),
            Some(Token::Word(word)) => self.named(word),
            Some(Token::Close) | None => {
                Err(("the condition ends where a selection should stand".into(), "name a selection".into()))
            }
        }
    }

    fn quantified(&mut self, how_many: &str) -> Result<Expr, Fault> {
        let Some(Token::Word(pattern)) = self.peek() else {
            return Err(("`of` what?".into(), "`1 of them`, `all of filter_*`".into()));
        };
        self.next += 1;
        let is_them = pattern.eq_ignore_ascii_case("them");
        let fits = |name: &str| if is_them { !name.starts_with('_') } else { fits(pattern, name) };
        let parts: Vec<Expr> = (self.names.iter().enumerate())
            .filter(|(_, name)| fits(name))
            .map(|(index, _)| Expr::Selection(index))
            .collect();
        if parts.is_empty() {
            return Err((format!("no selection is named like `{}`", quoted(pattern)), self.known()));
        }
        match how_many.to_ascii_lowercase().as_str() {
            "1" | "any" => Ok(Expr::Or(parts)),
            "all" => Ok(Expr::And(parts)),
            _ => Err((format!("`{} of`", quoted(how_many)), "`1 of`, `any of` or `all of`".into())),
        }
    }

    fn named(&self, word: &str) -> Result<Expr, Fault> {
        let found = self.names.iter().position(|name| *name == word);
        let unknown = || (format!("there is no selection `{}`", quoted(word)), suggest(word, self.names));
        found.map(Expr::Selection).ok_or_else(unknown)
    }

    fn known(&self) -> String {
        format!("there is {}", listed(self.names))
    }
}

fn fits(pattern: &str, name: &str) -> bool {
    super::pattern::Pattern::new(pattern, true).is_match(name)
}
