//! Entry point of `tongtang-recorder`.
fn main() {}
