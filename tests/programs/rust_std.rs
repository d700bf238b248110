// Rust's std, whose locks are futexes, by syscall().  The first argument names the shape.  A shape NAME_ok is the
// correct form of the faulty shape NAME.

use std::sync::{mpsc, Arc, Barrier, Condvar, Mutex, RwLock};
use std::thread;
use std::time::Duration;

fn later() {
    thread::sleep(Duration::from_millis(200));
}

// True if all threads but main sleep.
fn others_sleep() -> bool {
    let main = std::process::id().to_string();
    std::fs::read_dir("/proc/self/task").unwrap().flatten().all(|task| {
        let state = std::fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        *task.file_name() == *main || state.rsplit(')').next().unwrap().starts_with(" S")
    })
}

// Returns when the other threads have been seen asleep twice in a row: they are in their waits.
fn await_others() {
    let mut seen = 0;
    while seen < 2 {
        seen = if others_sleep() { seen + 1 } else { 0 };
        thread::sleep(Duration::from_millis(10));
    }
}

// Mutex, RwLock, Condvar, Barrier, channels, scoped threads: all are joined, and everything is freed.
fn clean_ok() {
    let sum = Arc::new(Mutex::new(0u64));
    let table = Arc::new(RwLock::new(vec![1u64, 2, 3]));
    let barrier = Arc::new(Barrier::new(4));
    let (sender, receiver) = mpsc::channel();
    let mut threads = Vec::new();
    for i in 0..4u64 {
        let (sum, table, barrier, sender) = (sum.clone(), table.clone(), barrier.clone(), sender.clone());
        threads.push(thread::spawn(move || {
            barrier.wait();
            for _ in 0..1000 {
                *sum.lock().unwrap() += table.read().unwrap()[0];
            }
            table.write().unwrap().push(i);
            sender.send(Box::new(i)).unwrap();
        }));
    }
    drop(sender);
    for thread in threads {
        thread.join().unwrap();
    }
    let pair = (Mutex::new(false), Condvar::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            later();
            *pair.0.lock().unwrap() = true;
            pair.1.notify_all();
        });
        let mut ready = pair.0.lock().unwrap();
        while !*ready {
            ready = pair.1.wait(ready).unwrap();
        }
    });
    let sent: u64 = receiver.iter().map(|boxed| *boxed).sum();
    println!("sum {} sent {} table {}", sum.lock().unwrap(), sent, table.read().unwrap().len());
}

// Two threads take two mutexes in opposite orders, and hang.  The test sets an alarm that ends the program.
fn lock_both(one: Arc<Mutex<u32>>, other: Arc<Mutex<u32>>, barrier: Arc<Barrier>) {
    let _outer = one.lock().unwrap();
    barrier.wait();
    let _inner = other.lock().unwrap();
}

fn hang() {
    let (first, second, barrier) = (Arc::new(Mutex::new(1)), Arc::new(Mutex::new(2)), Arc::new(Barrier::new(2)));
    let a = {
        let (first, second, barrier) = (first.clone(), second.clone(), barrier.clone());
        thread::spawn(move || lock_both(first, second, barrier))
    };
    let b = thread::spawn(move || lock_both(second, first, barrier));
    println!("hangs");
    a.join().unwrap();
    b.join().unwrap();
}

// A thread that waits for a lock when the process ends, and was never joined.
fn blocked() {
    let lock = Arc::new(Mutex::new(0));
    let _guard = lock.lock().unwrap();
    let waiter = lock.clone();
    let handle = thread::spawn(move || drop(waiter.lock().unwrap()));
    await_others();
    std::mem::forget(handle);
    std::process::exit(0);
}

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("clean_ok") => clean_ok(),
        Some("hang") => hang(),
        Some("blocked") => blocked(),
        _ => {
            println!("which shape?");
            std::process::exit(2);
        }
    }
}
