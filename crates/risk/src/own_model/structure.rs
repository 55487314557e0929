//! Whether lists of nodes are trees.

use super::{
    document::{Node, Tree},
    faults::Faults,
    keyed::Keyed,
    limits::{MAX_DEPTH, MAX_NODES, MAX_TREES},
};

pub(super) fn check(trees: &[Keyed<Tree>], inputs: usize, faults: &mut Faults) {
    let before = faults.count();
    if trees.is_empty() {
        faults.push("trees", "has no tree");
    }
    if trees.len() > MAX_TREES {
        faults.push("trees", format!("has {} trees; {MAX_TREES} are the most", trees.len()));
    }
    let nodes: usize = trees.iter().map(|tree| tree.nodes.len()).sum();
    if nodes > MAX_NODES {
        faults.push("trees", format!("has {nodes} nodes; {MAX_NODES} are the most of all trees together"));
    }
    if faults.count() > before {
        return;
    }
    for (index, tree) in trees.iter().enumerate() {
        let before = faults.count();
        let path = format!("trees[{index}].nodes");
        if tree.nodes.is_empty() {
            faults.push(&path, "has no node");
        }
        for (at, node) in tree.nodes.iter().enumerate() {
            check_node(node, &format!("{path}[{at}]"), inputs, faults);
        }
        if faults.count() == before {
            check_links(&tree.nodes, &path, faults);
        }
    }
}

fn check_node(node: &Node, path: &str, inputs: usize, faults: &mut Faults) {
    let Node { leaf, input, threshold, left, right, missing } = node;
    let keys = [
        ("input", input.is_some()),
        ("threshold", threshold.is_some()),
        ("left", left.is_some()),
        ("right", right.is_some()),
        ("missing", missing.is_some()),
    ];
    for (key, is_told) in keys {
        match (leaf, is_told) {
            (Some(_), true) => faults.push(format!("{path}.{key}"), "a leaf has `leaf` alone"),
            (None, false) => {
                faults.push(path, format!("lacks `{key}`, which every node without `leaf` has"));
            }
            _ => {}
        }
    }
    if let Some(input) = input.filter(|input| usize::try_from(*input).is_ok_and(|input| input >= inputs)) {
        faults
            .push(format!("{path}.input"), format!("there is no input {input}; there are {inputs}, from 0"));
    }
}

/// Walks from the root: every node is reached, once, within the depth.
///
/// INVARIANT: the first node is nobody's child and no node has two parents, so that the walk can't come by a node twice.
fn check_links(nodes: &[Keyed<Node>], path: &str, faults: &mut Faults) {
    let before = faults.count();
    let mut has_parent = vec![false; nodes.len()];
    for (at, node) in nodes.iter().enumerate() {
        for (key, child) in [("left", node.left), ("right", node.right)] {
            let Some(child) = child.and_then(|child| usize::try_from(child).ok()) else { continue };
            let path = format!("{path}[{at}].{key}");
            match has_parent.get_mut(child) {
                None => {
                    faults.push(path, format!("there is no node {child}; there are {}, from 0", nodes.len()));
                }
                Some(_) if child == 0 => faults.push(path, "leads back to node 0, which is the root"),
                Some(true) => faults.push(path, format!("node {child} is another node's child already")),
                Some(is_child) => *is_child = true,
            }
        }
    }
    if faults.count() > before {
        return;
    }
    let mut is_reached = vec![false; nodes.len()];
    let mut open = vec![(0, 0)];
    while let Some((at, depth)) = open.pop() {
        if let Some(is_reached) = is_reached.get_mut(at) {
            *is_reached = true;
        }
        if depth > MAX_DEPTH {
            faults.push(
                format!("{path}[{at}]"),
                format!("lies below {depth} splits; {MAX_DEPTH} are the most"),
            );
            return;
        }
        let children = nodes.get(at).map(|node| [node.right, node.left]).into_iter().flatten().flatten();
        open.extend(children.filter_map(|child| Some((usize::try_from(child).ok()?, depth + 1))));
    }
    for (at, _) in is_reached.iter().enumerate().filter(|(_, is_reached)| !**is_reached) {
        faults.push(format!("{path}[{at}]"), "is not reached from node 0, which is the root");
    }
}
