# shellcheck shell=bash disable=SC2034 # the scenarios use it
# What is done with a small table, in any SQL.

STATEMENTS="CREATE TABLE orders (id INT, customer VARCHAR(40), price DECIMAL(8,2));
INSERT INTO orders VALUES (1, 'Bob Example', 9.99), (2, 'Carol Example', 120.00);
SELECT customer, price FROM orders WHERE price > 50;
UPDATE orders SET price = 8.5 WHERE id = 1;
DELETE FROM orders WHERE customer = 'Carol Example';
SELECT COUNT(*) FROM orders;
DROP TABLE orders;"
