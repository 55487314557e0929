//! Writes databases in the MaxMind DB format (version 2.0 of its specification): a search tree of 24-bit records over IPv6, the data, the
//! metadata.

use std::net::IpAddr;

use serde_json::{Map, Value, json};

/// Numbers of types.
const TEXT: u8 = 2;
const DOUBLE: u8 = 3;
const UINT16: u8 = 5;
const UINT32: u8 = 6;
const MAP: u8 = 7;
const UINT64: u8 = 9;
const ARRAY: u8 = 11;
const BOOL: u8 = 14;

const MARKER: &[u8] = b"\xab\xcd\xefMaxMind.com";

/// What one side of a node leads to.
#[derive(Clone, Copy)]
enum Side {
    Nothing,
    Node(usize),
    Data(usize),
}

/// A database that is being written; networks that lie in others are put in after them.
pub struct Mmdb {
    kind: &'static str,
    built: u64,
    nodes: Vec<[Side; 2]>,
    data: Vec<u8>,
}

impl Mmdb {
    pub fn new(kind: &'static str) -> Self {
        Self { kind, built: 1_787_000_000, nodes: vec![[Side::Nothing; 2]], data: Vec::new() }
    }

    /// Puts in a network, such as `198.51.100.0/24`.
    pub fn with(mut self, network: &str, record: &Value) -> Self {
        let at = self.data.len();
        encode(record, &mut self.data);
        self.lead(network, at);
        self
    }

    /// Puts in a network whose record is these bytes.
    pub fn with_raw(mut self, network: &str, record: &[u8]) -> Self {
        let at = self.data.len();
        self.data.extend(record);
        self.lead(network, at);
        self
    }

    pub fn data_len(&self) -> usize {
        self.data.len()
    }

    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    fn lead(&mut self, network: &str, at: usize) {
        let (address, prefix) = network.split_once('/').unwrap();
        let prefix: u32 = prefix.parse().unwrap();
        let (bits, prefix) = match address.parse().unwrap() {
            IpAddr::V4(v4) => (u128::from(v4.to_bits()), 96 + prefix),
            IpAddr::V6(v6) => (v6.to_bits(), prefix),
        };
        let mut node = 0;
        for depth in 0..prefix {
            let side = usize::from(bits >> (127 - depth) & 1 == 1);
            if depth + 1 == prefix {
                self.nodes[node][side] = Side::Data(at);
                return;
            }
            node = match self.nodes[node][side] {
                Side::Node(next) => next,
                // Why both sides: what lay over the whole goes on beside the part.
                over => {
                    self.nodes.push([over; 2]);
                    self.nodes[node][side] = Side::Node(self.nodes.len() - 1);
                    self.nodes.len() - 1
                }
            };
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let count = self.nodes.len();
        let mut bytes = Vec::new();
        for side in self.nodes.iter().flatten() {
            let record = match *side {
                Side::Nothing => count,
                Side::Node(node) => node,
                Side::Data(at) => count + 16 + at,
            };
            bytes.extend(&u32::try_from(record).unwrap().to_be_bytes()[1..]);
        }
        bytes.extend([0; 16]);
        bytes.extend(&self.data);
        bytes.extend(MARKER);
        control(MAP, 9, &mut bytes);
        let mut entry = |key: &str, kind: u8, value: &[u8]| {
            encode(&json!(key), &mut bytes);
            control(kind, value.len(), &mut bytes);
            bytes.extend(value);
        };
        for (key, value) in [
            ("binary_format_major_version", 2_u16),
            ("binary_format_minor_version", 0),
            ("ip_version", 6),
            ("record_size", 24),
        ] {
            entry(key, UINT16, &value.to_be_bytes());
        }
        entry("node_count", UINT32, &u32::try_from(count).unwrap().to_be_bytes());
        entry("build_epoch", UINT64, &self.built.to_be_bytes());
        entry("database_type", TEXT, self.kind.as_bytes());
        entry("description", MAP, &[]);
        entry("languages", ARRAY, &[]);
        bytes
    }
}

fn encode(value: &Value, into: &mut Vec<u8>) {
    match value {
        Value::String(text) => {
            control(TEXT, text.len(), into);
            into.extend(text.as_bytes());
        }
        Value::Number(number) if number.is_f64() => {
            control(DOUBLE, 8, into);
            into.extend(number.as_f64().unwrap().to_be_bytes());
        }
        Value::Number(number) => {
            control(UINT32, 4, into);
            into.extend(u32::try_from(number.as_u64().unwrap()).unwrap().to_be_bytes());
        }
        Value::Object(map) => encode_map(map, into),
        Value::Array(items) => {
            control(ARRAY, items.len(), into);
            items.iter().for_each(|item| encode(item, into));
        }
        Value::Bool(truth) => control(BOOL, usize::from(*truth), into),
        Value::Null => panic!("the format has no null"),
    }
}

fn encode_map(map: &Map<String, Value>, into: &mut Vec<u8>) {
    control(MAP, map.len(), into);
    for (key, value) in map {
        encode(&json!(key), into);
        encode(value, into);
    }
}

/// The byte with type and size, with the one behind it for types above 7 and the one for sizes above 28.
fn control(kind: u8, size: usize, into: &mut Vec<u8>) {
    let short = u8::try_from(size.min(29)).unwrap();
    let more = size.checked_sub(29).map(|rest| u8::try_from(rest).unwrap());
    if kind <= MAP {
        into.push(kind << 5 | short);
    } else {
        into.extend([short, kind - MAP]);
    }
    into.extend(more);
}
