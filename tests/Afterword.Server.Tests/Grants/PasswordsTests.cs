using System.Text;
using Afterword.Server.Access.SignIn;
using Afterword.Server.Cli;
using Afterword.Server.Tests.Consoles;

namespace Afterword.Server.Tests.Grants;

/// <summary>Which new passwords are taken.</summary>
public sealed class PasswordsTests
{
    private static readonly string?[] s_about = ["ana", "Ana Lindqvist", "ana@furni.example", null, "Desk Talk"];

    [Fact]
    public void Short_common_and_personal_passwords_are_not_taken()
    {
        foreach (var (password, flaw) in new (string, PasswordFlaw?)[]
        {
            (Newcomer.Password, null), ("ana is not a word here", null), ("zwölf Umlaute ÄÖÜ", null), ("👋👋 hello from me 👋", null), (new string('x', 990) + "abcdefghij", null),
            ("", PasswordFlaw.TooShort), ("elevenchars", PasswordFlaw.TooShort), ("👋👋👋👋👋👋👋👋", PasswordFlaw.TooShort), (new string('x', 991) + "abcdefghij", PasswordFlaw.TooLong),
            ("aaaaaaaaaaaa", PasswordFlaw.TooCommon), ("unbelievable", PasswordFlaw.TooCommon), ("UNBELIEVABLE", PasswordFlaw.TooCommon), ("1qaz2wsx3edc4rfv", PasswordFlaw.TooCommon),
            ("Password123456!", PasswordFlaw.TooCommon), ("passwordpassword", PasswordFlaw.TooCommon), ("a1b2ca1b2ca1b2c", PasswordFlaw.TooCommon), ("abcdefghijklm", PasswordFlaw.TooCommon),
            ("98765432109876", PasswordFlaw.TooCommon), ("my LINDQVIST secret", PasswordFlaw.TooPersonal), ("the furni password", PasswordFlaw.TooPersonal), ("one long talk again", PasswordFlaw.TooPersonal),
            ("an afterword to come", PasswordFlaw.TooPersonal),
        })
        {
            Assert.Equal((password, flaw), (password, Passwords.FlawOf(password, s_about)));
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
