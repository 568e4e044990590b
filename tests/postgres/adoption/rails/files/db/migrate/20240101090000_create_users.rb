class CreateUsers < ActiveRecord::Migration[6.1]
  def change
    create_table(:users) { |t| t.text :email, null: false, index: { unique: true } }
  end
end
