-- +goose Up
-- When the owner of the address gave the phone. A phone from the sign-up is nobody's word: it came before the address was proved.
ALTER TABLE people ADD COLUMN phone_given_ms INTEGER;

-- +goose Down
ALTER TABLE people DROP COLUMN phone_given_ms;
