# Debian's compiler makes a program.
cat > prog.rs << 'END'
use std::collections::HashMap;
fn main() {
    let mut all: HashMap<String, usize> = HashMap::new();
    for word in std::env::args() { *all.entry(word).or_insert(0) += 1; }
    let mut sorted: Vec<_> = all.into_iter().collect();
    sorted.sort();
    println!("{sorted:?}");
}
END
PATH=/usr/bin:$PATH exec $WATCHED rustc -O -C codegen-units=2 -o prog prog.rs
