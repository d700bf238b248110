// A service in Rust: a parent and its children hold each other by Rc, so that no drop ever frees them.
// usage: service_keeps_cycles

use std::cell::RefCell;
use std::rc::Rc;

struct Node {
    name: String,
    parent: RefCell<Option<Rc<Node>>>,
    children: RefCell<Vec<Rc<Node>>>,
}

#[inline(never)]
fn new_node(name: String) -> Rc<Node> {
    Rc::new(Node { name, parent: RefCell::new(None), children: RefCell::new(Vec::new()) })
}

#[inline(never)]
fn build_tree(number: usize) -> Rc<Node> {
    let root = new_node(format!("tree {number} with a name that is long enough"));
    for i in 0..3 {
        let child = new_node(format!("child {i}"));
        *child.parent.borrow_mut() = Some(root.clone());
        root.children.borrow_mut().push(child);
    }
    root
}

#[inline(never)]
fn handle_request(number: usize) -> usize {
    let tree = build_tree(number);
    let names: usize = tree.children.borrow().iter().map(|child| child.name.len()).sum();
    names + tree.name.len()
}

fn main() {
    let sum: usize = (0..50).map(handle_request).sum();
    println!("{sum}");
}
