using System.Text;
using Afterword.Server.Reports.Exports;
using Afterword.Support;

namespace Afterword.Server.Tests.Reports;

/// <summary>One cell, whatever is in it, and never a formula.</summary>
public sealed class CsvCellTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("plain", "plain")]
    [InlineData("one, two", "\"one, two\"")]
    [InlineData("say \"hi\"", "\"say \"\"hi\"\"\"")]
    [InlineData("two\nlines", "\"two\nlines\"")]
    [InlineData("=1+1", "\"'=1+1\"")]
    [InlineData("+cmd", "\"'+cmd\"")]
    [InlineData("-cmd|' /C calc'!A0", "\"'-cmd|' /C calc'!A0\"")]
    [InlineData("@SUM(A1)", "\"'@SUM(A1)\"")]
    [InlineData("\t=1", "\"'\t'=1\"")]
    [InlineData("\r=1", "\"'\r'=1\"")]
    [InlineData("\n=1", "\"'\n'=1\"")]
    [InlineData("＝1", "\"'＝1\"")]
    [InlineData("＋1", "\"'＋1\"")]
    [InlineData("－1", "\"'－1\"")]
    [InlineData("＠x", "\"'＠x\"")]
    [InlineData("'=1", "\"''=1\"")]
    [InlineData("'quoted'", "'quoted'")]
    [InlineData("-", "\"'-\"")]
    [InlineData("-1.", "\"'-1.\"")]
    [InlineData("-1+1", "\"'-1+1\"")]
    [InlineData("-1.5e3", "\"'-1.5e3\"")]
    [InlineData("1=1", "1=1")]
    [InlineData("a; b", "\"a; b\"")]
    [InlineData("a;=1", "\"a;'=1\"")]
    [InlineData("a;'@x", "\"a;''@x\"")]
    [InlineData("a\t+1", "\"a\t'+1\"")]
    [InlineData("good:\n- fast\r\n- kind", "\"good:\n'- fast\r\n'- kind\"")]
    [InlineData("a;＝1", "\"a;'＝1\"")]
    public void A_text_becomes_one_harmless_cell(string text, string cell) => Assert.Equal(cell, Write(text));

    [Theory]
    [InlineData("-5")]
    [InlineData("+49")]
    [InlineData("-5.25")]
    [InlineData("12")]
    public void Numbers_stay_as_they_are(string number) => Assert.Equal(number, Write(number));

    [Fact]
    public void A_number_with_a_comma_is_quoted_and_stays_a_number() => Assert.Equal("\"-5,25\"", Write("-5,25"));

    [Fact]
    public void Every_text_comes_back_as_it_was_and_none_is_a_formula()
    {
        string[] parts = ["=", "+", "-", "@", "\t", "\n", ";", "'", "\"", ",", "1", "5", ".", "a", "é", "＝", "＠", "👍", "\r\n"];
        var random = new Random(7);
        for (var i = 0; i < 20_000; i++)
        {
            var text = string.Concat(random.GetItems(parts, random.Next(1, 8)));
            var read = Csv.Read($"a,b\r\nx,{Write(text)}\r\n")[0]["b"];
            Assert.Equal(text, Csv.Bare(read));
            Assert.DoesNotMatch("[;\\t\\r\\n][=+@＝＋－＠-]", read);
            Assert.True(read[0] == '\'' || !CsvCell.IsFormula(Encoding.UTF8.GetBytes(read)), $"{read} is a formula.");
        }
    }

    [Fact]
    public void Every_naughty_string_comes_back_as_it_was() =>
        Assert.All(Lists.NaughtyStrings, text => Assert.Equal(text, Csv.Bare(Csv.Read($"a,b\r\nx,{Write(text)}\r\n")[0]["b"])));

    private static string Write(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        var room = new byte[CsvCell.MostOf(utf8.Length)];
        return Encoding.UTF8.GetString(room, 0, CsvCell.Write(utf8, room));
    }
}
