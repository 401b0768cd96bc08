"""With every process of Purser dead: what still ends by itself, for each kind of target; the table and its proofs."""
