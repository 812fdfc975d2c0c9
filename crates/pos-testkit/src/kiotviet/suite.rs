//! What the contract suite asks of this sandbox.
