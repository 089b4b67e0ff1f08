using System.Text;
using Afterword.Server.Channels;
using Afterword.Server.Cli;

namespace Afterword.Server.Tests.Cli;

/// <summary>Files of users as spreadsheets and other programs write them.</summary>
public sealed class UserFileTests
{
    private static readonly Encoding s_windows = CsvText.Named("windows-1252")!;

    [Fact]
    public void A_file_is_read_whatever_its_separators_line_ends_and_encoding()
    {
        foreach (var encoding in (Encoding[])[new UTF8Encoding(false), new UTF8Encoding(true), new UnicodeEncoding(false, true), new UnicodeEncoding(true, true)])
        {
            foreach (var separator in (string[])[",", ";", "\t"])
            {
                foreach (var end in (string[])["\n", "\r\n", "\r"])
                {
                    var text = string.Join(end, "Handle,Name, Email ,", "@jos,José Ångström,jos@example.com,", " ", ",,,", "bo,\"Bo: Ltd; \"\"B\"\"\",,", "")
                        .Replace(",", separator, StringComparison.Ordinal);
                    var file = UserFile.Read([.. encoding.GetPreamble(), .. encoding.GetBytes(text)]);

                    var what = $"{encoding.WebName} {separator} {end.Length}: {string.Join(", ", file.Bad)}";
                    Assert.True(file.Bad.Count == 0 && file.Good.Count == 2, what);
                    var (jos, bo) = (file.Good[0], file.Good[1]);
                    Assert.Equal((2, "jos", "José Ångström", "jos@example.com"), (jos.Line, jos.Account.ScreenName, jos.Account.Name, jos.Account.ChannelAvailability.Email?.Value));
                    Assert.Equal((5, "bo", "Bo: Ltd; \"B\""), (bo.Line, bo.Account.ScreenName, bo.Account.Name));
                }
            }
        }
    }

    [Fact]
    public void What_is_no_utf_8_is_refused_unless_its_encoding_is_named()
    {
        byte[] content = s_windows.GetBytes("handle;name\nana;Ana\nrene;Ren\u00E9 \u201CR\u201D\n");

        var problem = Assert.Single(UserFile.Read(content).Bad);
        Assert.Equal(3, problem.Line);
        Assert.Contains("0xE9 is not UTF-8", problem.Problem, StringComparison.Ordinal);
        Assert.Contains("--encoding windows-1252", problem.Problem, StringComparison.Ordinal);
        Assert.Equal("Ren\u00E9 \u201CR\u201D", UserFile.Read(content, s_windows).Good[1].Account.Name);
        Assert.Contains("--encoding utf-16", Assert.Single(UserFile.Read(Encoding.Unicode.GetBytes("handle,name\na,A\n")).Bad).Problem, StringComparison.Ordinal);
        Assert.Contains("save it as CSV", Assert.Single(UserFile.Read([.. "PK\u0003\u0004"u8, 1, 2]).Bad).Problem, StringComparison.Ordinal);
        Assert.Null(CsvText.Named("klingon"));
    }

    [Fact]
    public void Columns_that_are_not_known_are_named_and_empty_ones_passed_over()
    {
        Assert.Contains("\"phone\", \"plan\" is no column", Assert.Single(Read("handle,name,Phone,plan\na,A,1,2\n").Bad).Problem, StringComparison.Ordinal);
        Assert.Contains("\"email\" stands there twice", Assert.Single(Read("handle,name,mail,email\na,A,,\n").Bad).Problem, StringComparison.Ordinal);
        Assert.Equal(["there is no column \"handle\"", "there is no column \"name\""], Read("language\nde\n").Bad.Select(bad => bad.Problem.Split(';')[0]));
        Assert.Contains("is empty", Assert.Single(Read("\n \n,,\n").Bad).Problem, StringComparison.Ordinal);
        Assert.Single(Read("handle,name,\na,A,\n").Good);
        Assert.Single(Read(";;\nhandle;name\na;A\n").Good);
        Assert.Single(Read("handle,name\na,A,,\n").Good);
        Assert.Contains("\"B\" stands in field 3", Assert.Single(Read("handle,name,\na,A,B\n").Bad).Problem, StringComparison.Ordinal);
        Assert.Contains("1 fields instead of 2", Assert.Single(Read("handle,name\na\n").Bad).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_quotation_mark_too_many_makes_a_bad_line_and_swallows_none()
    {
        foreach (var text in (string[])["a,\"A,\nb,B,\n", "a,\"A,\nb,B,\nc,\"C\",\n", "a,A,\"secret of twelve\nb,B,\"\n", "a,A \"B\" C,\nb,B,\n"])
        {
            var file = Read("handle,name,password\n" + text);
            Assert.Equal(2, Assert.Single(file.Bad).Line);
            Assert.DoesNotContain(file.Good, user => user.Account.ScreenName == "a");
        }

        Assert.Single(Read("handle,name\na,A\uFFFE\n").Bad);
        Assert.Equal("\u00C9", Assert.Single(Read("handle,name\na,E\u0301\n").Good).Account.Name);
        Assert.Single(Read("handle,\"name\nb,B\n").Bad);
    }

    [Fact]
    public void Cells_are_trimmed_but_for_passwords()
    {
        var user = Assert.Single(Read("handle,name,password,language,channel,email\n @ana , Ana\u00A0 , tea at four o'clock , de , email , ana@example.com \n").Good).Account;

        Assert.Equal(("ana", "Ana", " tea at four o'clock ", "de"), (user.ScreenName, user.Name, user.Password, user.Language));
        Assert.Equal((Channel.Email, "ana@example.com"), (user.ChannelAvailability.Channel, user.ChannelAvailability.Email!.Value));
    }

    private static UserFile Read(string text) => UserFile.Read(Encoding.UTF8.GetBytes(text));
}
