// Rust names, in both manglings: a generic function, a trait's method, a closure.
trait Shelf {
    fn put(&self) -> Vec<u8>;
}

struct Wood<T>(T);

#[inline(never)]
fn boxed<T>(_of: T) -> Vec<u8> {
    Vec::with_capacity(4242)
}

impl Shelf for Wood<u32> {
    #[inline(never)]
    fn put(&self) -> Vec<u8> {
        let v = boxed::<u32>(self.0);
        std::hint::black_box(v)
    }
}

fn main() {
    let shelf: Box<dyn Shelf> = std::hint::black_box(Box::new(Wood(7u32)));
    let closure = || std::hint::black_box(shelf.put());
    std::process::exit((closure().capacity() != 4242) as i32);
}
