//! The example `live` as a program of its own.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match examples::live::run(std::env::args().skip(1)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
