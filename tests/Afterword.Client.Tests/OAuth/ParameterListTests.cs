using System.Text;
using Afterword.Client.OAuth;

namespace Afterword.Client.Tests.OAuth;

public sealed class ParameterListTests
{
    [Fact]
    public void A_form_is_split_as_browsers_split_it()
    {
        var list = new ParameterList();
        list.AddForm("a=1&&b&=c&a=%2b+%2B&d=e=f&%C3%A9=%"u8);

        Assert.Equal(
            [new("a", "1"), new("b", ""), new("", "c"), new("a", "+ +"), new("d", "e=f"), new("é", "%")],
            list.AsText());
    }

    [Theory]
    [InlineData("")]
    [InlineData("?")]
    [InlineData("&&")]
    public void An_empty_query_has_no_parameters(string query)
    {
        var list = new ParameterList();
        list.AddQuery(query);
        Assert.Equal(0, list.Count);
    }

    [Fact]
    public void A_query_reads_like_the_same_form() => Randomly.Check(random =>
    {
        var encoded = random.Text(60);
        var (query, form) = (new ParameterList(), new ParameterList());
        query.AddQuery("?" + encoded);
        form.AddForm(Encoding.UTF8.GetBytes(encoded));

        Assert.Equal(form.AsText(), query.AsText());
    });

    [Fact]
    public async Task Whatever_a_form_writer_writes_is_read_back()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var parameters = new Random(seed).Parameters(10);
            using var written = new FormUrlEncodedContent(parameters);
            var list = new ParameterList();
            list.AddForm(await written.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));

            Assert.True(parameters.SequenceEqual(list.AsText()), $"The property fails with seed {seed}.");
        }
    }

    [Fact]
    public void Duplicates_can_be_found_one_after_another()
    {
        var list = new ParameterList();
        list.AddQuery("a=1&b=2&a=3");

        var first = list.IndexOf("a"u8);
        var second = list.IndexOf("a"u8, first + 1);
        Assert.Equal((0, 2, -1), (first, second, list.IndexOf("a"u8, second + 1)));
        Assert.Equal(-1, list.IndexOf("A"u8));
    }

    [Fact]
    public void A_position_outside_the_list_is_refused()
    {
        var list = new ParameterList();
        list.Add("a", "b");
        Assert.Throws<ArgumentOutOfRangeException>(() => list.NameAt(1).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => list.ValueAt(-1).Length);

        list.Reset();
        Assert.Throws<ArgumentOutOfRangeException>(() => list.NameAt(0).Length);
    }
}
