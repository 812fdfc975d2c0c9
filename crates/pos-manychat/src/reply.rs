//! What the host answers: to an External Request, and to a Dynamic Block.

use pos_core::{Error, Result};
use serde::Serialize;
use serde_json::{Value, json};

use crate::ticket::TicketDecision;

/// The answer to an External Request: the merchant maps its members to fields, so that the flow can branch. It is sent with
/// 200 whatever becomes of the ticket: a flow stops at anything else.
///
/// ```
/// use pos_manychat::{ExternalReply, TicketDecision};
///
/// let reply = ExternalReply::of(TicketDecision::Created, Some("T-551".into()));
/// assert_eq!(reply.to_json(), r#"{"ok":true,"ticket_id":"T-551","ticket_status":"created"}"#);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExternalReply {
    /// The delivery was taken.
    pub ok: bool,
    /// The host's own id of the ticket; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket_id: Option<String>,
    /// What became of it: `created`, `updated`, `unchanged`, `skipped:<reason>`.
    pub ticket_status: String,
}

impl ExternalReply {
    /// What became of a delivery that was taken.
    pub fn of(decision: TicketDecision, ticket_id: Option<String>) -> Self {
        Self { ok: true, ticket_id, ticket_status: decision.to_string() }
    }

    /// The body.
    pub fn to_json(&self) -> String {
        // Texts and a flag are always written.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Where a Dynamic Block is shown. Messenger names none (D).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Channel {
    /// Facebook Messenger.
    #[default]
    Messenger,
    /// Instagram.
    Instagram,
    /// WhatsApp.
    WhatsApp,
    /// Telegram.
    Telegram,
}

impl Channel {
    fn name(self) -> Option<&'static str> {
        match self {
            Self::Messenger => None,
            Self::Instagram => Some("instagram"),
            Self::WhatsApp => Some("whatsapp"),
            Self::Telegram => Some("telegram"),
        }
    }
}

/// The answer to a Dynamic Block, version 2 (D): messages, what is done to the contact, and quick replies. What is more than the
/// vendor takes is refused when it is built, because ManyChat would show nothing of it.
///
/// Tags and fields must be there already; a value has to be of the field's type (D).
///
/// ```
/// use pos_manychat::{Channel, DynamicBlock};
///
/// let block = DynamicBlock::new(Channel::Messenger)
///     .text("Đã ghi nhận yêu cầu.")
///     .add_tag("da-tao-ticket")
///     .set_field("ticket_order", "T-551");
/// assert!(block.to_json().unwrap().contains(r#""action":"add_tag""#));
/// ```
#[derive(Clone, Default, PartialEq)]
#[must_use]
pub struct DynamicBlock {
    channel: Channel,
    messages: Vec<Value>,
    actions: Vec<Value>,
    quick_replies: Vec<Value>,
}

pos_core::debug_only!(DynamicBlock { channel });

/// The most of each (D).
const MOST: [(&str, usize); 3] = [("messages", 10), ("actions", 5), ("quick_replies", 11)];

impl DynamicBlock {
    /// A block without anything in it.
    pub fn new(channel: Channel) -> Self {
        Self { channel, ..Self::default() }
    }

    /// One more message, of text.
    pub fn text(self, text: impl Into<String>) -> Self {
        self.message(json!({"type": "text", "text": text.into()}))
    }

    /// One more message of any type that the vendor documents.
    pub fn message(mut self, message: Value) -> Self {
        self.messages.push(message);
        self
    }

    /// Gives the contact a tag.
    pub fn add_tag(self, name: impl Into<String>) -> Self {
        self.action(json!({"action": "add_tag", "tag_name": name.into()}))
    }

    /// Takes a tag from the contact.
    pub fn remove_tag(self, name: impl Into<String>) -> Self {
        self.action(json!({"action": "remove_tag", "tag_name": name.into()}))
    }

    /// Sets a custom field.
    pub fn set_field(self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.action(json!({"action": "set_field_value", "field_name": name.into(), "value": value.into()}))
    }

    /// Clears a custom field.
    pub fn unset_field(self, name: impl Into<String>) -> Self {
        self.action(json!({"action": "unset_field_value", "field_name": name.into()}))
    }

    fn action(mut self, action: Value) -> Self {
        self.actions.push(action);
        self
    }

    /// One more quick reply of any type that the vendor documents.
    pub fn quick_reply(mut self, reply: Value) -> Self {
        self.quick_replies.push(reply);
        self
    }

    /// The body.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) when there is more of something than the vendor takes.
    pub fn to_json(&self) -> Result<String> {
        for ((name, most), list) in MOST.into_iter().zip([&self.messages, &self.actions, &self.quick_replies])
        {
            if list.len() > most {
                return Err(Error::config(format!(
                    "ManyChat takes at most {most} {name} in a Dynamic Block"
                )));
            }
        }
        let body = Body {
            version: "v2",
            content: Content {
                kind: self.channel.name(),
                messages: &self.messages,
                actions: &self.actions,
                quick_replies: &self.quick_replies,
            },
        };
        serde_json::to_string(&body)
            .map_err(|error| Error::config("a Dynamic Block that is no JSON").with_source(error))
    }
}

#[derive(Serialize)]
struct Body<'a> {
    version: &'static str,
    content: Content<'a>,
}

#[derive(Serialize)]
struct Content<'a> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    messages: &'a [Value],
    actions: &'a [Value],
    quick_replies: &'a [Value],
}
