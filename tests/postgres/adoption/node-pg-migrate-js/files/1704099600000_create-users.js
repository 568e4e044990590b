exports.up = (pgm) => pgm.createTable("users", { id: "id", email: { type: "text", notNull: true } });
