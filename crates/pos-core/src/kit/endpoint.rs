//! Plain endpoints, and what they may be asked, as tables.

/// Declares the endpoints of a typed client that are one call of a helper of its own: the method that a host calls, what it
/// answers, and behind the sign of equality the helper with its arguments. What needs more than that is written out.
///
/// ```
/// use pos_core::{Error, Result};
///
/// struct Client;
///
/// impl Client {
///     async fn get(&self, name: &'static str, id: i64) -> Result<String> {
///         if id > 0 { Ok(format!("{name}: {id}")) } else { Err(Error::config("an id is above zero")) }
///     }
/// }
///
/// pos_core::endpoints! { Client {
///     /// `GET /orders/{id}`.
///     get_order(id: i64) -> String = get("GET /orders/{id}", id);
/// }}
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// assert_eq!(Client.get_order(7).await.unwrap(), "GET /orders/{id}: 7");
/// assert!(Client.get_order(0).await.is_err());
/// # });
/// ```
#[macro_export]
macro_rules! endpoints {
    ($client:ident {$(
        $(#[$doc:meta])*
        $name:ident($($argument:ident: $type:ty),*) -> $answer:ty
            = $helper:ident $(::<$($of:ty),+>)? ($($with:expr),* $(,)?);
    )*}) => {
        impl $client {$(
            $(#[$doc])*
            ///
            /// # Errors
            /// What the answer means: see the crate's `classify`.
            pub async fn $name(&self $(, $argument: $type)*) -> $crate::Result<$answer> {
                self.$helper $(::<$($of),+>)? ($($with),*).await
            }
        )*}
    };
}

/// Declares setters of members that are absent unless they are set.
///
/// ```
/// #[derive(Default)]
/// pub struct ListParams {
///     pub page: Option<u32>,
/// }
///
/// pos_core::setters! { ListParams {
///     /// Which page, from 1.
///     with_page(page: u32);
/// }}
///
/// assert_eq!(ListParams::default().with_page(2).page, Some(2));
/// ```
#[macro_export]
macro_rules! setters {
    ($name:ident {$(
        $(#[$doc:meta])*
        $with:ident($member:ident: $type:ty);
    )*}) => {
        impl $name {$(
            $(#[$doc])*
            #[must_use]
            pub fn $with(mut self, $member: $type) -> Self {
                self.$member = Some($member);
                self
            }
        )*}
    };
}
