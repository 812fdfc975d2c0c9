//! A shop into a CRM, end to end, without account or network. `--help` says what else it can do.
//!
//!     cargo run --example quickstart [-- --vendor NAME|all] [--db FILE] [--keep]

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    examples::quickstart::main(std::env::args().skip(1).collect()).await
}
