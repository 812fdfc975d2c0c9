//! A real shop into a CRM file. `--help` says what it needs.
//!
//!     KIOTVIET_RETAILER=… KIOTVIET_CLIENT_ID=… KIOTVIET_CLIENT_SECRET=… \
//!     cargo run --release --example live -- kiotviet

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    examples::live::main(std::env::args().skip(1).collect()).await
}
