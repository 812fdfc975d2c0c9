//! The vendor for hosts that offer several: its form, and the shop that a filled one opens.

use std::sync::Arc;

use pos_core::Result;
use pos_core::kit::{Connection, Field, Form, Settings, VendorEntry};

use crate::config::MisaBuilder;
use crate::connector::Misa;
use crate::profile::PROFILE;

/// MISA eShop by its settings alone.
pub const ENTRY: VendorEntry = VendorEntry {
    profile: PROFILE,
    form: Form {
        fields: &[
            Field::plain("domain", "Shop address", "Địa chỉ cửa hàng")
                .with_help("cuahang.mshopkeeper.vn, or its first part"),
            Field::secret("secret_key", "Secret key", "Mã bảo mật"),
            Field::plain("app_id", "App ID", "AppID").with_help("where it is not MShopKeeperOpenPlatform"),
            Field::plain("invoice_days", "Days of invoices", "Số ngày đọc lại hóa đơn").with_help(
                "how many days back invoices are read again; without it all of them are, every time",
            ),
            Field::plain("details", "Details of invoices", "Chi tiết hóa đơn")
                .with_help("true, or false to spare a request for each invoice and do without lines"),
            Field::plain("order_list", "The shop lists its orders", "Cửa hàng có danh sách đơn đặt hàng")
                .with_help("true where it does: without it orders cannot be pushed"),
            Field::plain("base_url", "API address", "Địa chỉ API").with_help("of a sandbox"),
        ],
        ways: &[&["domain", "secret_key"]],
        again: "the owner of the shop opens the settings of MISA eShop, Kết nối, and copies AppID and secret key; the connection \
                must be switched on there",
        allowed: "nothing to choose: a key opens the whole shop",
    },
    open: |settings, connection| Ok(Arc::new(MisaBuilder::from_settings(settings, connection)?.build()?)),
};

impl MisaBuilder {
    /// A connection out of the fields of [`ENTRY`]'s form. What is missing is told by `build`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) naming the field that is malformed.
    pub fn from_settings(settings: &Settings, connection: Connection) -> Result<Self> {
        let mut builder = Misa::builder()
            .domain(settings.text("domain"))
            .secret_key(settings.text("secret_key"))
            .connection(settings.reach(connection, "base_url"));
        if let Some(id) = settings.get("app_id") {
            builder = builder.app_id(id);
        }
        if let Some(days) = settings.parsed(&PROFILE, "invoice_days")? {
            builder = builder.invoice_days(days);
        }
        if let Some(on) = settings.parsed(&PROFILE, "details")? {
            builder = builder.details(on);
        }
        if let Some(on) = settings.parsed(&PROFILE, "order_list")? {
            builder = builder.order_list(on);
        }
        Ok(builder)
    }
}
