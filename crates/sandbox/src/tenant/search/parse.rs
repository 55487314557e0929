//! From a text to a `Query`: tokens, then a parser by recursive descent whose depth is bounded.

use super::{Bound, Piece, Query, Test, Unreadable};

/// How deep parentheses and `NOT`s may go.
const DEEPEST: usize = 32;

/// The fewest characters after a leading `*`.
const SHORTEST_SUFFIX: usize = 3;

/// The field whose values are not indexed for ranges and wildcards.
const USER_METADATA: &str = "user_metadata.";

/// Reads a query.
///
/// # Errors
/// What is wrong with a text that is none.
pub fn parse(text: &str) -> Result<Query, Unreadable> {
    let mut parser = Parser { tokens: tokens(text)?, next: 0 };
    let query = parser.any(0, None)?;
    if parser.peek().is_some() { Err(wrong("there is a parenthesis too many")) } else { Ok(query) }
}

fn wrong(what: &str) -> Unreadable {
    Unreadable(what.to_owned())
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Open,
    Close,
    And,
    Or,
    Not,
    /// A field with its colon.
    Field(String),
    /// A word, which may have stars and question marks that stand for others.
    Word(Vec<Letter>),
    Quoted(String),
    /// A range from its bracket to its bracket.
    Range(Option<Bound>, Option<Bound>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Letter {
    letter: char,
    is_escaped: bool,
}

fn tokens(text: &str) -> Result<Vec<Token>, Unreadable> {
    let letters: Vec<char> = text.chars().collect();
    let mut reader = Reader { letters: &letters, next: 0 };
    let mut tokens = Vec::new();
    while let Some(letter) = reader.peek() {
        match letter {
            _ if letter.is_whitespace() => reader.skip(),
            '(' | ')' => {
                reader.skip();
                tokens.push(if letter == '(' { Token::Open } else { Token::Close });
            }
            '"' => tokens.push(Token::Quoted(reader.quoted()?)),
            '[' | '{' => tokens.push(reader.range()?),
            '>' | '<' => tokens.push(reader.comparison()?),
            _ if matches!(tokens.last(), Some(Token::Field(_))) => tokens.push(reader.word(true)?),
            '-' | '!' => {
                reader.skip();
                tokens.push(Token::Not);
            }
            '+' => reader.skip(),
            _ => tokens.push(reader.word(false)?),
        }
    }
    Ok(tokens)
}

struct Reader<'a> {
    letters: &'a [char],
    next: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.letters.get(self.next).copied()
    }

    fn skip(&mut self) {
        self.next = self.next.saturating_add(1);
    }

    fn take(&mut self) -> Option<char> {
        let letter = self.peek();
        self.skip();
        letter
    }

    fn quoted(&mut self) -> Result<String, Unreadable> {
        self.skip();
        let mut text = String::new();
        loop {
            match self.take() {
                None => return Err(wrong("a quotation has no end")),
                Some('"') => return Ok(text),
                Some('\\') => text.extend(self.take()),
                Some(letter) => text.push(letter),
            }
        }
    }

    /// A word up to a blank or a parenthesis, or a field up to its colon.
    fn word(&mut self, is_value: bool) -> Result<Token, Unreadable> {
        let mut word = Vec::new();
        while let Some(letter) = self.peek() {
            match letter {
                _ if letter.is_whitespace() => break,
                '(' | ')' | '"' | '[' | ']' | '{' | '}' => break,
                ':' if !is_value && !word.is_empty() && word.iter().all(is_of_a_field) => {
                    self.skip();
                    return Ok(Token::Field(word.iter().map(|letter: &Letter| letter.letter).collect()));
                }
                '\\' => {
                    self.skip();
                    word.extend(self.take().map(|letter| Letter { letter, is_escaped: true }));
                }
                _ => {
                    self.skip();
                    word.push(Letter { letter, is_escaped: false });
                }
            }
        }
        let plain: String = word.iter().map(|letter| letter.letter).collect();
        match plain.as_str() {
            "" => Err(wrong("a bracket stands where no range begins")),
            "AND" | "&&" => Ok(Token::And),
            "OR" | "||" => Ok(Token::Or),
            "NOT" => Ok(Token::Not),
            _ if plain.starts_with(':') => Err(wrong("a value has no field")),
            _ => Ok(Token::Word(word)),
        }
    }

    fn bare(&mut self) -> Result<String, Unreadable> {
        while self.peek().is_some_and(char::is_whitespace) {
            self.skip();
        }
        if self.peek() == Some('"') {
            return self.quoted();
        }
        let mut text = String::new();
        while let Some(letter) = self.peek() {
            if letter.is_whitespace() || matches!(letter, '[' | ']' | '{' | '}' | '(' | ')') {
                break;
            }
            self.skip();
            text.push(letter);
        }
        if text.is_empty() { Err(wrong("a range or comparison has no value")) } else { Ok(text) }
    }

    fn range(&mut self) -> Result<Token, Unreadable> {
        let opening = self.take();
        let low = self.bare()?;
        if self.bare()? != "TO" {
            return Err(wrong("a range has no TO"));
        }
        let high = self.bare()?;
        while self.peek().is_some_and(char::is_whitespace) {
            self.skip();
        }
        let closing = self.take().filter(|letter| matches!(letter, ']' | '}'));
        let closing = closing.ok_or_else(|| wrong("a range has no end"))?;
        let bound = |value: String, is_included| {
            Some(Bound { value, is_included }).filter(|bound| bound.value != "*")
        };
        Ok(Token::Range(bound(low, opening == Some('[')), bound(high, closing == ']')))
    }

    fn comparison(&mut self) -> Result<Token, Unreadable> {
        let is_greater = self.take() == Some('>');
        let is_included = self.peek() == Some('=');
        if is_included {
            self.skip();
        }
        let bound = Some(Bound { value: self.bare()?, is_included });
        Ok(if is_greater { Token::Range(bound, None) } else { Token::Range(None, bound) })
    }
}

fn is_of_a_field(letter: &Letter) -> bool {
    letter.letter.is_alphanumeric()
        || matches!(letter.letter, '_' | '.' | '-' | '$' | '@' | '/')
        || letter.is_escaped
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.next = self.next.saturating_add(1);
        token
    }

    /// Parts of which one at least must hold, up to a closing parenthesis or the end.
    fn any(&mut self, depth: usize, field: Option<&str>) -> Result<Query, Unreadable> {
        let mut parts = vec![self.all(depth, field)?];
        loop {
            match self.peek() {
                None | Some(Token::Close) => break,
                Some(Token::Or) => self.next = self.next.saturating_add(1),
                Some(_) => {}
            }
            parts.push(self.all(depth, field)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Query::Or(parts) })
    }

    fn all(&mut self, depth: usize, field: Option<&str>) -> Result<Query, Unreadable> {
        let mut parts = vec![self.one(depth, field)?];
        while self.peek() == Some(&Token::And) {
            self.next = self.next.saturating_add(1);
            parts.push(self.one(depth, field)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Query::And(parts) })
    }

    fn one(&mut self, depth: usize, field: Option<&str>) -> Result<Query, Unreadable> {
        if depth > DEEPEST {
            return Err(wrong("it is nested too deeply"));
        }
        let deeper = depth.saturating_add(1);
        match self.take() {
            Some(Token::Not) => Ok(Query::Not(Box::new(self.one(deeper, field)?))),
            Some(Token::Open) => {
                let query = self.any(deeper, field)?;
                match self.take() {
                    Some(Token::Close) => Ok(query),
                    _ => Err(wrong("a parenthesis has no end")),
                }
            }
            Some(Token::Field(name)) if field.is_none() => match self.peek() {
                Some(Token::Open | Token::Word(_) | Token::Quoted(_) | Token::Range(..)) => {
                    self.one(deeper, Some(&name))
                }
                _ => Err(wrong("a field has no value")),
            },
            Some(Token::Word(word)) => term(field, test(&word)?),
            Some(Token::Quoted(text)) => term(field, Test::Is(text)),
            Some(Token::Range(low, high)) if field.is_some() => term(field, Test::Between(low, high)),
            _ => Err(wrong("an operator has nothing to stand between")),
        }
    }
}

fn test(word: &[Letter]) -> Result<Test, Unreadable> {
    let text: String = word.iter().map(|letter| letter.letter).collect();
    let is_wild = |letter: &&Letter| !letter.is_escaped && matches!(letter.letter, '*' | '?');
    if text == "*" {
        return Ok(Test::Exists);
    }
    if !word.iter().any(|letter| is_wild(&letter)) {
        return Ok(Test::Is(text));
    }
    let plain = word.iter().filter(|letter| !is_wild(letter)).count();
    if word.first().is_some_and(|first| is_wild(&first)) && plain < SHORTEST_SUFFIX {
        return Err(wrong("a suffix needs three characters"));
    }
    let pieces = word.iter().map(|letter| match letter.letter {
        '*' if !letter.is_escaped => Piece::Any,
        '?' if !letter.is_escaped => Piece::One,
        letter => Piece::Letter(letter),
    });
    Ok(Test::Like(pieces.collect()))
}

fn term(field: Option<&str>, test: Test) -> Result<Query, Unreadable> {
    if let (Some("_exists_"), Test::Is(name)) = (field, &test) {
        return Ok(Query::Term(Some(name.clone()), Test::Exists));
    }
    let is_plain = matches!(test, Test::Is(_) | Test::Exists);
    if !is_plain && field.is_some_and(|field| field.starts_with(USER_METADATA)) {
        return Err(wrong("ranges and wildcards are not available on user_metadata"));
    }
    Ok(Query::Term(field.map(str::to_owned), test))
}
