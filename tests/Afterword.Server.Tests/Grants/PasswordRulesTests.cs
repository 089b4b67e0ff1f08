using System.Text;
using Afterword.Server.Cli;
using Afterword.Server.SignIn;
using Afterword.Server.Tests.Consoles;

namespace Afterword.Server.Tests.Grants;

/// <summary>Which new passwords are taken.</summary>
public sealed class PasswordRulesTests
{
    private static readonly string?[] s_about = ["ana", "Ana Lindqvist", "ana@furni.example", null, "Desk Talk"];

    [Fact]
    public void Short_common_and_personal_passwords_are_not_taken()
    {
        foreach (var (password, flaw) in new (string, PasswordProblem?)[]
        {
            (Newcomer.Password, null), ("ana is not a word here", null), ("zwölf Umlaute ÄÖÜ", null), ("👋👋 hello from me 👋", null), (new string('x', 990) + "abcdefghij", null),
            ("", PasswordProblem.TooShort), ("elevenchars", PasswordProblem.TooShort), ("👋👋👋👋👋👋👋👋", PasswordProblem.TooShort), (new string('x', 991) + "abcdefghij", PasswordProblem.TooLong),
            ("aaaaaaaaaaaa", PasswordProblem.TooCommon), ("unbelievable", PasswordProblem.TooCommon), ("UNBELIEVABLE", PasswordProblem.TooCommon), ("1qaz2wsx3edc4rfv", PasswordProblem.TooCommon),
            ("Password123456!", PasswordProblem.TooCommon), ("passwordpassword", PasswordProblem.TooCommon), ("a1b2ca1b2ca1b2c", PasswordProblem.TooCommon), ("abcdefghijklm", PasswordProblem.TooCommon),
            ("98765432109876", PasswordProblem.TooCommon), ("my LINDQVIST secret", PasswordProblem.TooPersonal), ("the furni password", PasswordProblem.TooPersonal), ("one long talk again", PasswordProblem.TooPersonal),
            ("an afterword to come", PasswordProblem.TooPersonal),
        })
        {
            Assert.Equal((password, flaw), (password, PasswordRules.FlawOf(password, s_about)));
        }
    }

    [Fact]
    public void A_file_of_users_holds_its_passwords_to_the_same_rules()
    {
        var users = UserFile.Read(Encoding.UTF8.GetBytes($"handle,name,password\nana,Ana,{Newcomer.Password}\nbo,Bo,short\ncleo,Cleo,cleo knows a thing\ndi,Di,\n"));

        Assert.Equal([2, 5], users.Good.Select(user => user.Line));
        Assert.Equal([3, 4], users.Bad.Select(bad => bad.Line));
        Assert.All(users.Bad, bad => Assert.StartsWith("the password is not taken: Choose a password", bad.Problem, StringComparison.Ordinal));
    }
}
