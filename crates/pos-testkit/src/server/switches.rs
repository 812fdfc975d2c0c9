//! The options of a sandbox: one line a switch.

use std::time::Duration;

use crate::seed::Shop;

/// The options of a vendor: for each switch what it means, its name, type and default, and the setter where there is one.
/// Those that every sandbox has are added.
macro_rules! options {
    (
        $(#[$doc:meta])*
        pub struct $name:ident {$(
            $(#[$what:meta])*
            $option:ident: $type:ty = $default:expr $(, $setter:ident)?;
        )*}
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name {
            /// What is in the shop.
            pub shop: $crate::seed::Shop,
            /// Port on loopback; 0 takes a free one.
            pub port: u16,
            /// Every answer takes at least this long.
            pub latency: Option<std::time::Duration>,
            /// How many requests the log keeps.
            pub log_limit: usize,
            $($(#[$what])* pub $option: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    shop: $crate::seed::Shop::default(),
                    port: 0,
                    latency: None,
                    log_limit: 2000,
                    $($option: $default,)*
                }
            }
        }

        impl $name {
            $crate::server::setter! {
                /// What is in the shop.
                shop: $crate::seed::Shop, with_shop
            }
            $crate::server::setter! {
                /// How many customers.
                shop.customers: u64, with_customers
            }
            $crate::server::setter! {
                /// What makes two shops different. Shops of all vendors with the same seed share their people.
                shop.seed: u64, with_seed
            }
            $crate::server::setter! {
                /// Port on loopback; 0 takes a free one.
                port: u16, with_port
            }
            $crate::server::setter! {
                /// Every answer takes at least this long.
                latency: Option<std::time::Duration>, with_latency
            }
            $($crate::server::setter! { $(#[$what])* $option: $type $(, $setter)? })*
        }

        impl $crate::server::Options for $name {
            fn frame(&self) -> $crate::server::Frame {
                let Self { port, latency, log_limit, .. } = *self;
                $crate::server::Frame { port, latency, log_limit }
            }

            fn shop(&self) -> &$crate::seed::Shop {
                &self.shop
            }
        }
    };
}
pub(crate) use options;

/// The setter of an option that has one.
macro_rules! setter {
    ($(#[$doc:meta])* $($member:ident).+: $type:ty) => {};
    ($(#[$doc:meta])* $($member:ident).+: $type:ty, $setter:ident) => {
        $(#[$doc])*
        #[must_use]
        pub fn $setter(mut self, value: $type) -> Self {
            self.$($member).+ = value;
            self
        }
    };
}
pub(crate) use setter;

/// What the frame reads of the options of any vendor.
pub trait Options: Send + Sync + 'static {
    /// How it serves.
    fn frame(&self) -> Frame;

    /// What is in the shop.
    fn shop(&self) -> &Shop;
}

/// How a sandbox serves.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    pub(crate) port: u16,
    pub(crate) latency: Option<Duration>,
    pub(crate) log_limit: usize,
}
