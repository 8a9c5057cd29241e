"""Networks on one flat parameter vector, with hand-written gradients."""
