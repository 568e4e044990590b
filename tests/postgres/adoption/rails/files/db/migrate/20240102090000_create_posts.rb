class CreatePosts < ActiveRecord::Migration[6.1]
  def change
    create_table(:posts) { |t| t.references :user, null: false, foreign_key: true; t.text :title; t.timestamps }
  end
end
