//! The example `quickstart` as a program of its own.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    examples::quickstart::main(std::env::args().skip(1).collect()).await
}
