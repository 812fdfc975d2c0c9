//! Every sandbox by the name of its vendor.

use std::io;
use std::pin::Pin;

use crate::contract::VendorSandbox;
use crate::seed::Shop;

/// A sandbox that starts.
pub type Starting = Pin<Box<dyn Future<Output = io::Result<Box<dyn VendorSandbox>>> + Send>>;

/// The sandbox of a vendor.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Entry {
    /// The vendor's short name.
    pub vendor: &'static str,
    /// Starts a shop of this content on a free port of loopback. What it is opened with is its
    /// [`opening`](VendorSandbox::opening).
    pub start: fn(Shop) -> Starting,
}

macro_rules! entries {
    ($($vendor:ident)*) => {
        &[$(Entry {
            vendor: stringify!($vendor),
            start: |shop| Box::pin(async move {
                let options = crate::$vendor::SandboxOptions::default().with_shop(shop);
                let sandbox = crate::$vendor::Sandbox::start(options).await?;
                Ok(Box::new(sandbox) as Box<dyn VendorSandbox>)
            }),
        }),*]
    };
}

/// All of them.
pub const SANDBOXES: &[Entry] =
    entries![kiotviet haravan nhanh sapo pancake woocommerce getfly misa manychat odoo];
