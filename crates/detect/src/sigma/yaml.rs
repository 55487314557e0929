//! YAML as a tree that knows where each node stands, bounded in size, depth and number of nodes.
//!
//! Anchors and aliases are refused: rules have no use for them, and they are how a small file becomes a large one.

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

use super::located::{Faults, Spot, quoted};

/// The largest file that is read, in bytes.
pub(super) const MAX_BYTES: usize = 256 * 1024;

/// How deep lists and maps may nest.
const MAX_DEPTH: usize = 24;

/// The most nodes of a file.
const MAX_NODES: usize = 20_000;

/// A node and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where.
    pub spot: Spot,
    /// What it is.
    pub what: What,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A text, a number or another word.
    Scalar {
        /// As it is written.
        text: String,
        /// Whether it stands without quotes.
        is_plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A map.
    Map {
        /// Its pairs.
        pairs: Vec<Pair>,
        /// Whether it stands in braces.
        is_flow: bool,
    },
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub spot: Spot,
    /// The value.
    pub value: Node,
}

impl Node {
    pub(super) fn text(spot: Spot, text: &str, is_plain: bool) -> Self {
        Self { spot, what: What::Scalar { text: text.to_owned(), is_plain } }
    }

    /// The text of a scalar, quoted or not.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.what {
            What::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Whether nothing stands there at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(&self.what, What::Scalar { text, is_plain: true } if text.is_empty())
    }

    /// Whether `null` or `~` stands there.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(&self.what, What::Scalar { text, is_plain: true } if matches!(&**text, "null" | "Null" | "NULL" | "~"))
    }

    /// The value of a key of a map.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.pairs().iter().find(|pair| pair.key == key).map(|pair| &pair.value)
    }

    /// The pairs of a map; none of anything else.
    #[must_use]
    pub fn pairs(&self) -> &[Pair] {
        match &self.what {
            What::Map { pairs, .. } => pairs,
            _ => &[],
        }
    }

    /// The items of a list, or the node itself as the only one.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match &self.what {
            What::List(items) => items,
            _ => std::slice::from_ref(self),
        }
    }

    /// What it is, in words.
    #[must_use]
    pub const fn sort(&self) -> &'static str {
        match self.what {
            What::Scalar { .. } => "a text",
            What::List(_) => "a list",
            What::Map { .. } => "a map",
        }
    }

    /// The node as JSON, by the core schema of YAML 1.2.
    pub(super) fn to_json(&self) -> serde_json::Value {
        use serde_json::Value;
        match &self.what {
            What::List(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            What::Map { pairs, .. } => {
                Value::Object(pairs.iter().map(|pair| (pair.key.clone(), pair.value.to_json())).collect())
            }
            What::Scalar { text, is_plain: true } => plain(text),
            What::Scalar { text, .. } => Value::String(text.clone()),
        }
    }
}

fn plain(text: &str) -> serde_json::Value {
    use serde_json::Value;
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    if let Ok(number) = text.parse::<i64>() {
        return Value::from(number);
    }
    let is_decimal =
        text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '+' | '.'));
    let number = text.parse::<f64>().ok().filter(|number| is_decimal && number.is_finite());
    number.map_or_else(|| Value::String(text.to_owned()), Value::from)
}

/// A list or map whose end has not come.
struct Open {
    node: Node,
    key: Option<(String, Spot)>,
}

/// Reads the documents of a file; what is wrong is told, and ends the reading.
#[must_use]
pub fn documents(text: &str, faults: &mut Faults) -> Vec<Node> {
    if text.len() > MAX_BYTES {
        faults.error(
            Spot::default(),
            format!("the file has {} bytes", text.len()),
            format!("at most {MAX_BYTES}"),
        );
        return Vec::new();
    }
    Builder::default().read(text, faults).unwrap_or_default()
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    documents: Vec<Node>,
    nodes: usize,
}

impl Builder {
    fn read(mut self, text: &str, faults: &mut Faults) -> Option<Vec<Node>> {
        for step in Parser::new_from_str(text) {
            let (event, span) = match step {
                Ok(step) => step,
                Err(error) => {
                    let right = "YAML 1.2 is expected";
                    faults.error(spot(*error.marker()), format!("not YAML: {}", error.info()), right);
                    return None;
                }
            };
            let at = spot(span.start);
            self.nodes += 1;
            if self.nodes > MAX_NODES || self.open.len() > MAX_DEPTH {
                let right = format!("at most {MAX_NODES} nodes, nested at most {MAX_DEPTH} deep");
                faults.error(at, "the file is too large a tree", right);
                return None;
            }
            match event {
                Event::Alias(_) => return alias(at, faults),
                Event::Scalar(.., Some(_))
                | Event::SequenceStart(_, Some(_))
                | Event::MappingStart(_, Some(_)) => {
                    faults.error(at, "tags of YAML are not read", "a value is what it is written as");
                    return None;
                }
                Event::Scalar(_, _, 1.., _) | Event::SequenceStart(1.., _) | Event::MappingStart(1.., _) => {
                    return alias(at, faults);
                }
                Event::Scalar(text, style, ..) => {
                    self.put(Node::text(at, &text, style == ScalarStyle::Plain), faults)?;
                }
                Event::SequenceStart(..) => self.begin(at, What::List(Vec::new())),
                Event::MappingStart(..) => {
                    // Why: a map in braces begins with its brace, one by indent with nothing.
                    let is_flow = span.end.index() > span.start.index();
                    self.begin(at, What::Map { pairs: Vec::new(), is_flow });
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    if let Some(done) = self.open.pop() {
                        self.put(done.node, faults)?;
                    }
                }
                _ => {}
            }
        }
        Some(self.documents)
    }

    fn begin(&mut self, spot: Spot, what: What) {
        self.open.push(Open { node: Node { spot, what }, key: None });
    }

    fn put(&mut self, node: Node, faults: &mut Faults) -> Option<()> {
        let Some(open) = self.open.last_mut() else {
            self.documents.push(node);
            return Some(());
        };
        match &mut open.node.what {
            What::Scalar { .. } => {}
            What::List(items) => items.push(node),
            What::Map { pairs, .. } => match open.key.take() {
                Some((key, spot)) => pairs.push(Pair { key, spot, value: node }),
                None => {
                    let Some(key) = node.as_text() else {
                        faults.error(node.spot, format!("{} as a key", node.sort()), "a key is a text");
                        return None;
                    };
                    if pairs.iter().any(|pair| pair.key == key) {
                        let what = format!("`{}` stands here twice", quoted(key));
                        faults.error(node.spot, what, "of two alike keys one would be passed over");
                        return None;
                    }
                    open.key = Some((key.to_owned(), node.spot));
                }
            },
        }
        Some(())
    }
}

fn alias(spot: Spot, faults: &mut Faults) -> Option<Vec<Node>> {
    faults.error(spot, "anchors and aliases are not read", "write the value where it is used");
    None
}

fn spot(marker: Marker) -> Spot {
    Spot { line: marker.line().max(1), column: marker.col() + 1 }
}
