//! A real shop into a CRM file. Run it without arguments to see what it needs.
//!
//!     KIOTVIET_RETAILER=… KIOTVIET_CLIENT_ID=… KIOTVIET_CLIENT_SECRET=… \
//!     cargo run --release --example live -- kiotviet

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
