# cargo builds and tests a small crate of two parts, with threads; rustc is multithreaded itself.
mkdir -p crate/src
cat > crate/Cargo.toml <<'END'
[package]
name = "small"
version = "0.1.0"
edition = "2021"
END
cat > crate/src/lib.rs <<'END'
use std::{collections::HashMap, sync::{Arc, Mutex}, thread};
pub fn words(text: &str) -> HashMap<String, usize> {
    let map = Arc::new(Mutex::new(HashMap::new()));
    let parts: Vec<String> = text.lines().map(String::from).collect();
    let threads: Vec<_> = parts.into_iter().map(|line| { let map = Arc::clone(&map); thread::spawn(move || {
        for word in line.split_whitespace() { *map.lock().unwrap().entry(word.to_string()).or_insert(0) += 1; } }) }).collect();
    for t in threads { t.join().unwrap(); }
    Arc::try_unwrap(map).unwrap().into_inner().unwrap()
}
#[cfg(test)]
mod tests {
    use super::*;
    #[test] fn counts() { assert_eq!(words("a b a\nb a")["a"], 3); }
    #[test] #[should_panic] fn panics() { words("")["nothing"]; }
}
END
cat > crate/src/main.rs <<'END'
fn main() { let mut w: Vec<_> = small::words("to be or\nnot to be").into_iter().collect(); w.sort(); println!("{:?}", w); }
END
cd crate || exit 1
$watch cargo test --offline -q > ../test.log 2>&1; echo "cargo test: $?"
grep -E '^test result' ../test.log | sed 's/; finished.*//'
cargo run --offline -q
