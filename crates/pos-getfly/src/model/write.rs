//! What is sent to Getfly. Absent members are left out of the body: a client found that blank ones are best not sent (C:1).

use pos_core::record::{Money, Quantity};
use time::Date;

pos_core::body! {
    /// The body of a new account and, with the changed members and one of the `current_…`, of a change (D).
    AccountWrite shows(current_account_id) {
        /// Which one is changed (D).
        current_account_code: Option<String>,
        /// The same by its id (C:1).
        current_account_id: Option<i64>,
        /// Unique; the vendor makes one without it (D).
        account_code: Option<String>,
        /// The only member that a new account has to have (C:1).
        account_name: Option<String>,
        /// Phone number (D).
        phone_office: Option<String>,
        /// E-mail (D).
        email: Option<String>,
        /// The whole address (D).
        billing_address_street: Option<String>,
        /// Tax code (D).
        sic_code: Option<String>,
        /// Birthday (D).
        birthday: Option<Date> = "pos_core::lenient::iso_date::serialize",
        /// Free text (D).
        description: Option<String>,
        /// A person in it, which is made beside the account (D).
        last_contact_name: Option<String>,
        /// Their number (D).
        last_contact_phone: Option<String>,
        /// Names of groups as they are configured (D).
        account_type_names: Vec<String>,
        /// Names of sources as they are configured (D).
        account_source_names: Vec<String>,
        /// The login name of who looks after it (D).
        account_manager_username: Option<String>,
        /// The company's own fields (D).
        custom_fields: Option<serde_json::Value>,
    }
}

pos_core::body! {
    /// The body of a new order and, with `current_order_code`, of a change (D).
    OrderWrite shows(order_code, order_date) {
        /// Which one is changed (C:1).
        current_order_code: Option<String>,
        /// Who buys (D).
        account: Option<OrderAccountWrite>,
        /// Unique (D).
        order_code: Option<String>,
        /// The day of the sale (D).
        order_date: Option<Date> = "pos_core::lenient::iso_date::serialize",
        /// The login name of the seller (D).
        assigned_username: Option<String>,
        /// Where it comes from, as it is configured (D).
        order_source_name: Option<String>,
        /// Warehouse, as it is configured (D).
        store_name: Option<String>,
        /// The goods; read as `order_details` (D).
        saved_order_details: Vec<LineWrite>,
        /// Discount in money (D).
        discount_amount: Option<Money> = "pos_core::kit::bare_opt",
        /// Tax in money (D).
        vat_amount: Option<Money> = "pos_core::kit::bare_opt",
        /// Delivery (D).
        transport_amount: Option<Money> = "pos_core::kit::bare_opt",
        /// Installation (D).
        installation_amount: Option<Money> = "pos_core::kit::bare_opt",
        /// How it will be paid, as it is configured (D).
        payment_method_name: Option<String>,
        /// What was paid already (D).
        saved_sale_order_payments: Vec<PaymentWrite>,
        /// The company's own fields (D).
        custom_fields: Option<serde_json::Value>,
    }

    /// Who buys, on an order that is written.
    OrderAccountWrite shows(account_code) {
        /// The account (D).
        account_code: Option<String>,
        /// Its name (D).
        account_name: Option<String>,
        /// The person (D).
        contact_name: Option<String>,
        /// Number (D).
        account_phone: Option<String>,
        /// E-mail (D).
        account_email: Option<String>,
        /// Where the goods go (D).
        account_address: Option<String>,
    }

    /// A line that is written.
    LineWrite shows(product_code, quantity) {
        /// Product (D).
        product_code: Option<String>,
        /// Its name (D).
        product_name: Option<String>,
        /// Unit (D).
        unit_name: Option<String>,
        /// How many (D).
        quantity: Option<Quantity> = "pos_core::kit::bare_opt",
        /// Of one (D).
        price: Option<Money> = "pos_core::kit::bare_opt",
        /// Discount in percent (D).
        product_sale_off: Option<Quantity> = "pos_core::kit::bare_opt",
        /// The same discount in money; of one piece or of all is not established (D)(?).
        cash_discount: Option<Money> = "pos_core::kit::bare_opt",
        /// Free text (D).
        note: Option<String>,
    }

    /// A payment that is written with an order.
    PaymentWrite shows(amount) {
        /// How, as it is configured (D).
        method_name: Option<String>,
        /// How much (D).
        amount: Option<Money> = "pos_core::kit::bare_opt",
        /// Free text (D).
        description: Option<String>,
        /// On which day (D).
        pay_date: Option<Date> = "pos_core::lenient::iso_date::serialize",
    }

    /// The body of `POST /sale_orders/{id}/paid` of line 6 (D).
    PaidWrite shows(amount, method_id) {
        /// Free text.
        description: Option<String>,
        /// How much.
        amount: Option<Money> = "pos_core::kit::bare_opt",
        /// How: of `/payment_methods`.
        method_id: Option<i64>,
        /// On which day.
        pay_date: Option<Date> = "pos_core::lenient::iso_date::serialize",
    }
}
