//! A sum of trees, laid out in one list.

use super::{
    document::{self, Leaves, Side},
    keyed::Keyed,
    limits::MAX_DEPTH,
};

/// The least probability that has log-odds here, and the least distance from 1: as the engine holds its own scores.
const LEAST: f64 = 1e-6;

/// A node: 16,384 of them at most, so that 16 bits point to each.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Node {
    Leaf(f64),
    Split { threshold: f64, left: u16, right: u16, input: u8, missing: Side },
}

/// Trees whose leaves are added up.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Forest {
    base: f64,
    leaves: Leaves,
    roots: Vec<u16>,
    nodes: Vec<Node>,
}

impl Forest {
    /// Lays out trees that were checked; `None` when an index does not fit, which the checks refuse.
    pub(super) fn new(base: f64, leaves: Leaves, trees: &[Keyed<document::Tree>]) -> Option<Self> {
        let mut forest = Self { base, leaves, roots: Vec::new(), nodes: Vec::new() };
        for tree in trees {
            let root = u16::try_from(forest.nodes.len()).ok()?;
            forest.roots.push(root);
            for node in &tree.nodes {
                forest.nodes.push(laid_out(node, root)?);
            }
        }
        Some(forest)
    }

    /// The trees' log-odds; `None` when a walk leaves the list or does not end, which no checked model's does.
    pub(super) fn logit(&self, values: &[f64]) -> Option<f64> {
        let mut sum = self.base;
        for root in &self.roots {
            sum += self.leaf(*root, values)?;
        }
        Some(match self.leaves {
            Leaves::Probability if sum.is_finite() => {
                let probability = sum.clamp(LEAST, 1.0 - LEAST);
                libm::log(probability / (1.0 - probability))
            }
            _ => sum,
        })
    }

    /// The leaf of one tree; a value that is missing is not a number here.
    fn leaf(&self, root: u16, values: &[f64]) -> Option<f64> {
        self.walk(root, values).find_map(|node| if let Node::Leaf(leaf) = node { Some(leaf) } else { None })
    }

    /// The nodes from a root on, as `values` lead: `MAX_DEPTH + 1` at most, whatever they say.
    fn walk(&self, root: u16, values: &[f64]) -> impl Iterator<Item = Node> {
        let node = |at: u16| self.nodes.get(usize::from(at)).copied();
        let next = move |at: &Node| match *at {
            Node::Leaf(_) => None,
            Node::Split { threshold, left, right, input, missing } => {
                let value = *values.get(usize::from(input))?;
                let is_left = if value.is_nan() { missing == Side::Left } else { value <= threshold };
                node(if is_left { left } else { right })
            }
        };
        std::iter::successors(node(root), next).take(MAX_DEPTH + 1)
    }

    /// How many nodes an evaluation visits, in all trees.
    #[cfg(test)]
    pub(super) fn visits(&self, values: &[f64]) -> usize {
        self.roots.iter().map(|root| self.walk(*root, values).count()).sum()
    }
}

fn laid_out(node: &document::Node, root: u16) -> Option<Node> {
    if let Some(leaf) = node.leaf {
        return Some(Node::Leaf(leaf));
    }
    let moved = |index: u32| u16::try_from(index).ok()?.checked_add(root);
    Some(Node::Split {
        threshold: node.threshold?,
        left: moved(node.left?)?,
        right: moved(node.right?)?,
        input: u8::try_from(node.input?).ok()?,
        missing: node.missing?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_ends_even_in_a_circle() {
        let split = Node::Split { threshold: 0.0, left: 0, right: 0, input: 0, missing: Side::Left };
        let forest = Forest { base: 0.0, leaves: Leaves::LogOdds, roots: vec![0], nodes: vec![split] };
        assert_eq!(forest.logit(&[1.0]), None);
    }

    #[test]
    fn a_node_is_as_small_as_it_can_be() {
        assert_eq!(size_of::<Node>(), 16);
    }
}
