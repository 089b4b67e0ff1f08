using System.Text;
using Afterword.Client.OAuth;

namespace Afterword.Client.Tests;

/// <summary>Parameters as text, for assertions that can be read.</summary>
internal static class Parameters
{
    extension(ParameterList list)
    {
        public IReadOnlyList<KeyValuePair<string, string>> AsText() =>
            [.. Enumerable.Range(0, list.Count).Select(i =>
                KeyValuePair.Create(Encoding.UTF8.GetString(list.NameAt(i)), Encoding.UTF8.GetString(list.ValueAt(i))))];

        public string? First(string name)
        {
            var index = list.IndexOf(Encoding.UTF8.GetBytes(name));
            return index < 0 ? null : Encoding.UTF8.GetString(list.ValueAt(index));
        }
    }
}
