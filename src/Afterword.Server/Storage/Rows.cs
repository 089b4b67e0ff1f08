namespace Afterword.Server.Storage;

/// <summary>Input rows of a statement, held column by column.</summary>
internal sealed class Rows
{
    private readonly List<(string Name, Array Values)> _columns = [];

    private Rows(int count) => Count = count;

    public int Count { get; }

    /// <summary>The columns: each an array of <c>long</c>, <c>long?</c>, <c>string?</c> or <c>byte[]?</c>.</summary>
    public IReadOnlyList<(string Name, Array Values)> Columns => _columns;

    public static Builder<T> Of<T>(IReadOnlyList<T> items) => new(items);

    /// <summary>Makes columns out of a list, each by its own expression.</summary>
    internal sealed class Builder<T>(IReadOnlyList<T> items)
    {
        private readonly Rows _rows = new(items.Count);

        public static implicit operator Rows(Builder<T> builder) => builder._rows;

        /// <summary>The number of the row in the list, so that an answer can be led back to its input.</summary>
        public Builder<T> Place()
        {
            var values = new long[items.Count];
            for (var i = 0; i < values.Length; i++) values[i] = i;
            return Add("place", values);
        }

        public Builder<T> Long(string name, Func<T, long> value) => Add(name, Array(value));

        public Builder<T> LongOrNull(string name, Func<T, long?> value) => Add(name, Array(value));

        public Builder<T> Text(string name, Func<T, string?> value) => Add(name, Array(value));

        public Builder<T> Bytes(string name, Func<T, byte[]?> value) => Add(name, Array(value));

        private TValue[] Array<TValue>(Func<T, TValue> value)
        {
            var values = new TValue[items.Count];
            for (var i = 0; i < values.Length; i++) values[i] = value(items[i]);
            return values;
        }

        private Builder<T> Add(string name, Array values)
        {
            _rows._columns.Add((name, values));
            return this;
        }
    }
}
